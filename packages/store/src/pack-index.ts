import { type Digest, isDigest } from '@holotype/base'
import { fail } from './errors.ts'
import { FRAME_BYTES, PACK_INDEX_BYTES } from './limits.ts'
import type { PackFrame, PackIndex } from './types.ts'
import { isRecord, memberOf } from './values.ts'

/**
 * Parses a pack's index, whose digest the caller has verified, and checks that it describes one gapless pack: frames back to back from 0 to
 * `size`, each as large as its objects. By hand, as the agent reads it where no schema library is loaded.
 * @throws PACK_CORRUPT
 */
export function parsePackIndex(bytes: Uint8Array): PackIndex {
  if (bytes.length > PACK_INDEX_BYTES) throw corrupt(`larger than ${PACK_INDEX_BYTES} bytes`)
  const value = parse(bytes)
  if (!isRecord(value) || value['schema'] !== 'holotype.pack/1' || !Array.isArray(value['frames']))
    throw corrupt('not a holotype.pack/1')
  const listed: readonly unknown[] = value['frames']
  const frames = listed.map(frameFrom)
  let end = 0
  for (const frame of frames) {
    if (frame.offset !== end) throw corrupt(`a frame at ${frame.offset} where ${end} is expected`)
    end += frame.length
  }
  const size = whole(value, 'size')
  if (end !== size) throw corrupt(`its frames end at ${end}, the pack at ${size}`)
  return { schema: 'holotype.pack/1', pack: digest(value, 'pack'), size, frames }
}

function frameFrom(value: unknown): PackFrame {
  if (!isRecord(value) || !Array.isArray(value['objects']) || value['objects'].length === 0)
    throw corrupt('a frame without objects')
  const listed: readonly unknown[] = value['objects']
  const objects = listed.map((object) => {
    if (!isRecord(object)) throw corrupt('an object of a frame is no object')
    return { digest: digest(object, 'digest'), size: whole(object, 'size') }
  })
  const frame = { offset: whole(value, 'offset'), length: whole(value, 'length'), size: whole(value, 'size'), objects }
  if (frame.size > FRAME_BYTES) throw corrupt(`a frame of ${frame.size} bytes; at most ${FRAME_BYTES} may be`)
  if (objects.reduce((sum, object) => sum + object.size, 0) !== frame.size)
    throw corrupt(`the objects of the frame at ${frame.offset} do not add up to its size`)
  return frame
}

function whole(value: Record<string, unknown>, key: string): number {
  const member = memberOf(value, key)
  if (typeof member !== 'number' || !Number.isSafeInteger(member) || member < 0)
    throw corrupt(`${key} is no whole number`)
  return member
}

function digest(value: Record<string, unknown>, key: string): Digest {
  const member = memberOf(value, key)
  if (!isDigest(member)) throw corrupt(`${key} is no digest`)
  return member
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch (cause) {
    throw fail('PACK_CORRUPT', { what: 'the pack index is no JSON', cause })
  }
}

function corrupt(why: string): Error {
  return fail('PACK_CORRUPT', { what: `the pack index is invalid: ${why}` })
}
