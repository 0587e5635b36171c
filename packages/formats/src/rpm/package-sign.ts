import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asDiskFull, hexOf, temporaryName } from '@holotype/base'
import { openReader } from '../archive/file-reader.ts'
import { fail } from '../errors.ts'
import type { PackageSigning, RepositorySigner } from '../repository-writer.ts'
import type { Header } from './header.ts'
import { type HeaderEntry, writeHeader } from './header-write.ts'
import { readHeaders } from './package-read.ts'
import { headerPadding } from './package-write.ts'
import { writeLead } from './lead.ts'
import { HEADERSIGNATURES, SIGNATURE_TAGS, type TagType } from './tags.ts'

/** How rpm signs packages: an OpenPGP signature of the header, which has the payload's digest, in the signature header. */
export const signing: PackageSigning = { digests, isSigned, sign }

/**
 * Copies a package file with an OpenPGP signature of its header: in a package of format 4 as RSA or DSA (which also stands for ECDSA and
 * EdDSA), in one of format 6 as one more of OPENPGP. Signatures of another kind that are there already, and space reserved for them, go.
 * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_UNWRITABLE if the signature is none, DISK_FULL
 */
export async function withSignature(
  path: string,
  out: string,
  signer: Pick<RepositorySigner, 'signBinary'>,
): Promise<void> {
  const temporary = temporaryName(out)
  try {
    await pipeline(Readable.from(sign(path, signer), { objectMode: false }), createWriteStream(temporary))
    await rename(temporary, out)
  } catch (error) {
    await rm(temporary, { force: true })
    throw asDiskFull(error, out)
  }
}

async function* sign(
  path: string,
  signer: Pick<RepositorySigner, 'signBinary'>,
): AsyncGenerator<Buffer, void, undefined> {
  await using reader = await openReader(path)
  const { signature, header, headerBytes } = await readHeaders(reader)
  const packet = Buffer.from(await signer.signBinary(headerBytes))
  const kept = entriesOf(signature).filter(({ tag }) => !REPLACED.has(tag))
  const signed = writeHeader([...kept, signatureEntry(packet, header, signature)], HEADERSIGNATURES)
  const label = `${header.string('NAME')}-${header.string('VERSION')}-${header.string('RELEASE')}`
  yield Buffer.concat([writeLead(label, !header.has('SOURCERPM')), signed, headerPadding(signed), headerBytes])
  yield* reader.stream(reader.remaining)
}

async function isSigned(path: string, signer: RepositorySigner): Promise<boolean> {
  await using reader = await openReader(path)
  const { signature, headerBytes } = await readHeaders(reader)
  for (const packet of signaturesOf(signature)) if (await signer.isOwn?.(headerBytes, packet)) return true
  return false
}

/** The signatures that are of the header alone, as `sign` makes them. */
function signaturesOf({ raw }: Header): Buffer[] {
  const binary = [SIGNATURE_TAGS.RSA, SIGNATURE_TAGS.DSA].flatMap((tag) => raw.binary(tag) ?? [])
  return [...binary, ...raw.strings(SIGNATURE_TAGS.OPENPGP).map((text) => Buffer.from(text, 'base64'))]
}

/** What a signature leaves as it is: the header and the payload. */
async function digests(path: string): Promise<{ readonly file: string; readonly content: string }> {
  await using reader = await openReader(path)
  const { headerBytes } = await readHeaders(reader)
  const content = createHash('sha256').update(headerBytes)
  for await (const chunk of reader.stream(reader.remaining)) content.update(chunk)
  const { digest } = await reader.finish()
  return { file: hexOf(digest), content: content.digest('hex') }
}

/** A signature of format 6 stands beside others; all else makes room. */
const REPLACED: ReadonlySet<number> = new Set([
  SIGNATURE_TAGS.RSA,
  SIGNATURE_TAGS.DSA,
  SIGNATURE_TAGS.OPENPGP,
  SIGNATURE_TAGS.PGP,
  SIGNATURE_TAGS.GPG,
  SIGNATURE_TAGS.RESERVED,
  SIGNATURE_TAGS.RESERVEDSPACE,
])

const RSA = 1

function signatureEntry(packet: Buffer, header: Header, { raw }: Header): HeaderEntry {
  const algorithm = publicKeyAlgorithm(packet)
  if (header.number('RPMFORMAT') === 6) {
    const before = raw.strings(SIGNATURE_TAGS.OPENPGP)
    return { tag: SIGNATURE_TAGS.OPENPGP, type: 'string[]', values: [...before, packet.toString('base64')] }
  }
  return { tag: algorithm === RSA ? SIGNATURE_TAGS.RSA : SIGNATURE_TAGS.DSA, type: 'bin', values: packet }
}

/** The algorithm of a signature packet, version 3 or 4 (RFC 9580 §4.2, §5.2). */
function publicKeyAlgorithm(packet: Buffer): number {
  const first = packet[0] ?? 0
  const modern = (first & 0xc0) === 0xc0
  const tag = modern ? first & 0x3f : (first >> 2) & 0x0f
  const length = packet[1] ?? 0
  const head = modern ? (length < 192 ? 2 : length < 224 ? 3 : 6) : 1 + (1 << (first & 3))
  const version = packet[head]
  const algorithm = version === 4 || version === 6 ? packet[head + 2] : version === 3 ? packet[head + 15] : undefined
  if ((first & 0x80) === 0 || tag !== 2 || algorithm === undefined)
    throw fail('PACKAGE_UNWRITABLE', { what: 'what the signer made is no binary OpenPGP signature' })
  return algorithm
}

const TYPES: readonly (TagType | undefined)[] = [
  undefined,
  'char[]',
  'char[]',
  'int16[]',
  'int32[]',
  'int64[]',
  'string',
  'bin',
  'string[]',
  'i18n',
]

/** A header's entries, to be written again. */
function entriesOf({ tags, raw }: Header): HeaderEntry[] {
  return tags.map((tag) => {
    const number = raw.type(tag) ?? 0
    const type = TYPES[number]
    if (type === undefined || type === 'char[]')
      throw fail('PACKAGE_MALFORMED', { what: `the signature header's tag ${tag} has the type ${number}` })
    if (type === 'bin') return { tag, type, values: raw.binary(tag) ?? Buffer.alloc(0) }
    return { tag, type, values: type.startsWith('int') ? raw.numbers(tag) : raw.strings(tag) }
  })
}
