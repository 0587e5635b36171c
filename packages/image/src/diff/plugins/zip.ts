import { inflateRawSync } from 'node:zlib'
import { MEMBERS_READ, UNPACKED_BYTES } from '../limits.ts'
import type { Member, Plugin } from './types.ts'

const END_BYTES = 22
const ENTRY_BYTES = 46
const LOCAL_BYTES = 30

/** zip archives, and with them jar, whl and egg, by the central directory (PKWARE APPNOTE, 4.3.12 and 4.3.16). Zip64 and encryption are not read. */
export const zip: Plugin = {
  name: 'zip',
  wants: (_path, head) =>
    head.length >= 4 && (head.readUInt32LE(0) === 0x04034b50 || head.readUInt32LE(0) === 0x06054b50),
  describe(bytes) {
    const end = bytes.lastIndexOf('PK\u0005\u0006', bytes.length - END_BYTES + 4, 'latin1')
    if (end < 0 || end + END_BYTES > bytes.length) throw new Error('no end of a central directory')
    const count = bytes.readUInt16LE(end + 10)
    if (count > MEMBERS_READ) throw new Error('too many members')
    const members: Member[] = []
    const listing: string[] = []
    let at = bytes.readUInt32LE(end + 16)
    for (let index = 0; index < count; index++) {
      if (bytes.readUInt32LE(at) !== 0x02014b50) throw new Error('the central directory is damaged')
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset))
      const path = bytes.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + (nameLength ?? 0))
      const mode = (bytes.readUInt32LE(at + 38) >>> 16) & 0o7777
      const entry = {
        flags: bytes.readUInt16LE(at + 8),
        method: bytes.readUInt16LE(at + 10),
        packed: bytes.readUInt32LE(at + 20),
        size: bytes.readUInt32LE(at + 24),
        offset: bytes.readUInt32LE(at + 42),
      }
      listing.push(`${mode.toString(8).padStart(4, '0')} ${path}`)
      if (!path.endsWith('/')) members.push({ path, bytes: () => unpackEntry(bytes, entry) })
      at += ENTRY_BYTES + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0)
    }
    const comment = bytes.toString('utf8', end + END_BYTES, end + END_BYTES + bytes.readUInt16LE(end + 20))
    return { facts: { listing, comment }, members }
  },
}

interface ZipEntry {
  readonly flags: number
  readonly method: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

function unpackEntry(bytes: Buffer, { flags, method, packed, size, offset }: ZipEntry): Buffer {
  if (flags & 1) throw new Error('a member is encrypted')
  if (size > UNPACKED_BYTES) throw new Error('a member is too large')
  const begin = offset + LOCAL_BYTES + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28)
  const content = bytes.subarray(begin, begin + packed)
  if (method === 0) return content
  if (method !== 8) throw new Error('a member is packed by a method that is not read')
  return inflateRawSync(content, { maxOutputLength: Math.max(1, size) })
}
