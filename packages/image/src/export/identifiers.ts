import { createHash } from 'node:crypto'
import type { Digest } from '@holotype/base'

/**
 * A UUID that follows from an image and a use of it: the same for all who export the image, another for each use. Version 8, "custom"
 * (RFC 9562 §5.8). 16 bytes in the order they are written in.
 */
export function uuidBytes(image: Digest, use: string): Buffer {
  const bytes = createHash('sha256').update(`${image} ${use}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes
}

/** The same as text. */
export function uuidOf(image: Digest, use: string): string {
  return uuidText(uuidBytes(image, use))
}

export function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
