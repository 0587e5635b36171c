import { hash } from 'node:crypto'
import { ENTRY_BYTES, HEADER_MAGIC } from './header.ts'
import { LEAD_BYTES } from './lead.ts'
import { SIGNATURE_TAGS, TAGS } from './tags.ts'

/** Gives a package whose headers can be found the digests of what it holds now, so that what was changed is read. */
export function repairPackage(bytes: Buffer): Buffer {
  const signature = headerAt(bytes, LEAD_BYTES)
  if (signature === undefined) return bytes
  const header = headerAt(bytes, Math.ceil(signature.end / 8) * 8)
  if (header === undefined) return bytes
  write(bytes, header, { tag: TAGS.PAYLOADDIGEST.number, text: hash('sha256', bytes.subarray(header.end), 'hex') })
  const whole = bytes.subarray(header.start, header.end)
  write(bytes, signature, { tag: SIGNATURE_TAGS.SHA1, text: hash('sha1', whole, 'hex') })
  write(bytes, signature, { tag: SIGNATURE_TAGS.SHA256, text: hash('sha256', whole, 'hex') })
  return bytes
}

interface Place {
  readonly start: number
  readonly data: number
  readonly end: number
}

function headerAt(bytes: Buffer, start: number): Place | undefined {
  if (start + 16 > bytes.length || !bytes.subarray(start, start + 8).equals(HEADER_MAGIC)) return undefined
  const data = start + 16 + bytes.readUInt32BE(start + 8) * ENTRY_BYTES
  const end = data + bytes.readUInt32BE(start + 12)
  return end <= bytes.length ? { start, data, end } : undefined
}

/** Writes a text in the place of an entry's. */
function write(bytes: Buffer, { start, data, end }: Place, { tag, text }: { tag: number; text: string }): void {
  for (let at = start + 16; at < data; at += ENTRY_BYTES)
    if (bytes.readUInt32BE(at) === tag) {
      const offset = data + bytes.readUInt32BE(at + 8)
      if (offset + text.length < end) bytes.write(text, offset, 'latin1')
    }
}
