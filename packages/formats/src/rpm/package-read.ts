import { hexOf } from '@holotype/base'
import { decompress } from '../archive/decompress.ts'
import type { FileReader } from '../archive/file-reader.ts'
import { withPackageFile } from '../archive/package-file.ts'
import { fail } from '../errors.ts'
import { PAYLOAD_BYTES, RPM_SIGNATURE_BYTES } from '../limits.ts'
import type { Compression, PackageFile, PayloadVisitor } from '../types.ts'
import { type Checks, checkHeader, payloadChecks } from './digests.ts'
import { type Header, headerLength, HEADER_MAGIC, parseHeader } from './header.ts'
import { checkLead, LEAD_BYTES } from './lead.ts'
import { fieldsOf } from './package-fields.ts'

import { readPayload } from './package-payload.ts'
import { checkedRecord } from './package-record.ts'
import { changelogOf, scriptsOf } from './scripts.ts'

/** The two headers of a package file, as bytes and parsed. */
export interface PackageHeaders {
  readonly signature: Header
  readonly signatureBytes: Buffer
  readonly header: Header
  readonly headerBytes: Buffer
}

/**
 * Reads an .rpm of format 3, 4 or 6 (rpm's manual, "RPM V4 Package format", "V6 Package format") in one pass. The digests of header and
 * payload are verified, with `visit` also those of the decompressed payload and of each file; signatures are not: they need keys. `control`
 * holds the two headers as they lie in the file, `signature` and `header`.
 * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, and whatever `visit` throws
 */
export async function readPackage(path: string, visit?: PayloadVisitor): Promise<PackageFile> {
  return withPackageFile(path, visit, async (reader, guarded) => {
    const headers = await readHeaders(reader)
    const { header, signatureBytes, headerBytes } = headers
    const record = checkedRecord(header, (what, cause) => fail('PACKAGE_MALFORMED', { what, cause }))
    const checks = payloadChecks(header, headerBytes, headers.signature.raw)
    const first = await reader.take(Math.min(reader.remaining, 1))
    const compression = compressionOf(header, first[0])
    const packed = reader.remaining + first.length
    const source = checked(withFirst(first, reader.stream(reader.remaining)), checks)
    if (guarded)
      await readPayload(
        decompress(source, {
          compression,
          limit: PAYLOAD_BYTES,
          limitName: 'PAYLOAD_BYTES',
          what: 'the payload',
          packed,
        }),
        header,
        guarded,
      )
    // What a decoder left unread behind its end, or all of it: the digest is of the whole.
    while (!(await source.next()).done);
    checks.check()
    const { size, digest } = await reader.finish()
    return {
      record: { ...record, size, sha256: hexOf(digest) },
      fields: fieldsOf(header),
      control: new Map([
        ['signature', { bytes: signatureBytes, mode: 0o644 }],
        ['header', { bytes: headerBytes, mode: 0o644 }],
      ]),
      scripts: scriptsOf(header),
      changelog: changelogOf(header),
    }
  })
}

/** Reads lead, signature header and header, and verifies the digests that the one has of the other. */
export async function readHeaders(reader: FileReader): Promise<PackageHeaders> {
  checkLead(await reader.take(LEAD_BYTES))
  const signatureBytes = await takeHeader(reader, 'signature header', RPM_SIGNATURE_BYTES)
  await reader.take((8 - (signatureBytes.length % 8)) % 8)
  const signature = parseHeader(signatureBytes, { limit: RPM_SIGNATURE_BYTES })
  const headerBytes = await takeHeader(reader, 'header')
  const header = parseHeader(headerBytes)
  checkHeader(headerBytes, signature.raw)
  return { signature, signatureBytes, header, headerBytes }
}

async function takeHeader(reader: FileReader, what: string, limit?: number): Promise<Buffer> {
  const intro = await reader.take(16)
  if (!intro.subarray(0, 8).equals(HEADER_MAGIC))
    throw fail('PACKAGE_MALFORMED', { what: `the ${what} does not start with 8e ad e8 01` })
  const length = headerLength(intro.subarray(8), limit === undefined ? {} : { limit })
  if (length > reader.remaining)
    throw fail('PACKAGE_TRUNCATED', { what: `the ${what} has ${length} bytes; ${reader.remaining} are left` })
  return Buffer.concat([intro, await reader.take(length)])
}

async function* withFirst(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first
  yield* rest
}

async function* checked(source: AsyncIterable<Buffer>, checks: Checks): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) {
    checks.update(chunk)
    yield chunk
  }
}

const COMPRESSIONS: ReadonlyMap<string, Compression> = new Map([
  ['gzip', 'gz'],
  ['bzip2', 'bz2'],
  ['xz', 'xz'],
  ['lzma', 'lzma'],
  ['zstd', 'zst'],
  ['identity', 'none'],
])

/** PAYLOADCOMPRESSOR. Where it is missing rpm reads through gzip, which passes on what is not compressed: the first byte tells. */
function compressionOf(header: Header, first: number | undefined): Compression {
  const format = header.string('PAYLOADFORMAT')
  if (format !== '' && format !== 'cpio')
    throw fail('PACKAGE_MALFORMED', { what: `the payload is ${format}; expected cpio` })
  const name = header.string('PAYLOADCOMPRESSOR')
  if (name === '') return first === 0x1f ? 'gz' : 'none'
  const compression = COMPRESSIONS.get(name)
  if (compression === undefined) throw fail('PACKAGE_MALFORMED', { what: `PAYLOADCOMPRESSOR is ${name}` })
  return compression
}
