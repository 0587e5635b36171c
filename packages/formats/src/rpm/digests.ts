import { createHash } from 'node:crypto'
import { fail } from '../errors.ts'
import type { Header, RawHeader } from './header.ts'
import { SIGNATURE_TAGS } from './tags.ts'

/** OpenPGP's numbers of hash algorithms (RFC 9580 §9.5), which PAYLOADDIGESTALGO and FILEDIGESTALGO use, as node:crypto calls them. */
const ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [1, 'md5'],
  [2, 'sha1'],
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
  [11, 'sha224'],
  [12, 'sha3-256'],
  [14, 'sha3-512'],
])

/** node:crypto's name of an algorithm. @throws PACKAGE_MALFORMED */
export function algorithmNamed(number: number): string {
  const name = ALGORITHMS.get(number)
  if (name === undefined) throw fail('PACKAGE_MALFORMED', { what: `the digest algorithm ${number} is not known` })
  return name
}

/** Digests to be compared at the end of a stream. */
export interface Checks {
  update(bytes: Uint8Array): void
  /** @throws PACKAGE_MALFORMED naming what is not as it should be */
  check(): void
}

interface Expected {
  readonly tag: string
  readonly algorithm: string
  /** Lower case hex. */
  readonly digest: string
}

function checksOf(expected: readonly Expected[], what: string): Checks {
  const running = expected.map((each) => ({ ...each, hash: createHash(each.algorithm) }))
  return {
    update(bytes) {
      for (const { hash } of running) hash.update(bytes)
    },
    check() {
      for (const { tag, digest, hash } of running) {
        const found = hash.digest('hex')
        if (found !== digest.toLowerCase())
          throw fail('PACKAGE_MALFORMED', {
            what: `${what}: its ${tag} is ${found}; the package says ${digest.slice(0, 140)}`,
          })
      }
    },
  }
}

/** Compares a header's bytes with the digests that the signature header has of it. @throws PACKAGE_MALFORMED */
export function checkHeader(bytes: Buffer, signature: RawHeader): void {
  const expected: Expected[] = []
  for (const [tag, algorithm] of [
    ['SHA1', 'sha1'],
    ['SHA256', 'sha256'],
    ['SHA3_256', 'sha3-256'],
  ] as const) {
    const [digest] = signature.strings(SIGNATURE_TAGS[tag])
    if (digest !== undefined) expected.push({ tag, algorithm, digest })
  }
  const checks = checksOf(expected, 'the header')
  checks.update(bytes)
  checks.check()
}

/** Digests of the payload as it lies in the file; where there is none, the MD5 of header and payload together that rpm 3 and 4 have. */
export function payloadChecks(header: Header, headerBytes: Buffer, signature: RawHeader): Checks {
  const expected = payloadDigests(header, '')
  const md5 = signature.binary(SIGNATURE_TAGS.MD5)
  if (expected.length > 0 || md5 === undefined) return checksOf(expected, 'the payload')
  const checks = checksOf([{ tag: 'MD5', algorithm: 'md5', digest: md5.toString('hex') }], 'header and payload')
  checks.update(headerBytes)
  return checks
}

/** Digests of the payload decompressed. */
export function archiveChecks(header: Header): Checks {
  return checksOf(payloadDigests(header, 'ALT'), 'the payload, decompressed')
}

function payloadDigests(header: Header, kind: '' | 'ALT'): Expected[] {
  const expected: Expected[] = []
  const [digest] = header.strings(`PAYLOADDIGEST${kind}`)
  if (digest !== undefined)
    expected.push({
      tag: `PAYLOADDIGEST${kind}`,
      algorithm: algorithmNamed(header.number('PAYLOADDIGESTALGO') ?? 8),
      digest,
    })
  for (const [tag, algorithm] of [
    [`PAYLOADSHA512${kind}`, 'sha512'],
    [`PAYLOADSHA3_256${kind}`, 'sha3-256'],
  ] as const) {
    const [other] = header.strings(tag)
    if (other !== undefined) expected.push({ tag, algorithm, digest: other })
  }
  return expected
}

/** A file's digest by FILEDIGESTALGO; without it, rpm before 4.6 meant MD5. */
export function fileChecks(header: Header, path: string, digest: string): Checks {
  const algorithm = algorithmNamed(header.number('FILEDIGESTALGO') || 1)
  return checksOf(digest === '' ? [] : [{ tag: 'FILEDIGESTS', algorithm, digest }], path)
}
