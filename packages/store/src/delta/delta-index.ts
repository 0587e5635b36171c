import { constants, type ZstdOptions, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { canonicalJson, type Digest, isDigest } from '@holotype/base'
import { fail } from '../errors.ts'
import { DELTA_FRAME_BYTES, DELTA_GZIP_BYTES, DELTA_INDEX_BYTES, DELTA_LEVEL, DELTA_TREES_BYTES } from '../limits.ts'
import type { DeltaFrame, DeltaIndex, Piece } from '../types.ts'
import { isRecord, memberOf } from '../values.ts'

/** A delta's index as a node reads it. */
export interface OpenedDelta {
  readonly index: DeltaIndex
  /** The bytes of every tree that the second tree holds and the first does not; not verified: look each up by its digest. */
  readonly trees: readonly Buffer[]
}

/**
 * What a delta's index is compressed against: the trees of the old image, by digest. New trees are mostly old ones with a few entries changed,
 * and the index names what the trees name, so each digest costs a few bytes. Undefined when they are too large to be held.
 */
export function treeDictionary(trees: Iterable<readonly [digest: Digest, bytes: Buffer]>): Buffer | undefined {
  const sorted = [...trees].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes)
  const size = sorted.reduce((sum, bytes) => sum + bytes.length, 0)
  return size > DELTA_TREES_BYTES ? undefined : Buffer.concat(sorted)
}

/** The bytes of an index object: the index on the first line, a new tree on each further one (no canonical JSON holds a line's end). */
export function encodeDeltaIndex({ index, trees }: OpenedDelta, dictionary: Buffer | undefined): Buffer {
  const frames = index.frames.map(({ offset, length, coding, bases, pieces }) => ({
    offset,
    length,
    coding,
    bases: bases.map(shortPiece),
    pieces: pieces.map(shortPiece),
  }))
  const first = Buffer.from(canonicalJson({ ...index, frames }))
  const raw = Buffer.concat([first, ...trees.flatMap((tree) => [Buffer.from('\n'), tree])])
  return zstdCompressSync(raw, zstdOptions(raw, dictionary))
}

/** Most pieces are whole objects: these say neither offset nor length. */
function shortPiece({ digest, size, offset, length, gzip }: Piece): Partial<Piece> {
  const inside = gzip ? { gzip } : {}
  return length === size ? { digest, size, ...inside } : { digest, size, offset, length, ...inside }
}

/**
 * Reads a delta's index, whose digest the caller has verified, with the dictionary that `treeDictionary` makes of the old image.
 * @throws DELTA_CORRUPT
 */
export function openDeltaIndex(bytes: Uint8Array, dictionary: Buffer | undefined): OpenedDelta {
  const raw = decompress(bytes, dictionary)
  const lines: Buffer[] = []
  for (let at = 0; at <= raw.length; ) {
    const end = raw.indexOf(0x0a, at)
    lines.push(raw.subarray(at, end < 0 ? raw.length : end))
    if (end < 0) break
    at = end + 1
  }
  const [first = raw, ...trees] = lines
  return { index: indexFrom(parse(first)), trees }
}

/**
 * How bytes are compressed against others: within a window in which both lie (RFC 8878 §3.1.1.1.2), with tables that have room for every
 * position of them. zstd's own choice looks at the level alone and forgets the beginning of a large dictionary.
 */
export function zstdOptions(raw: Buffer, dictionary: Buffer | undefined): ZstdOptions {
  const bytes = raw.length + (dictionary?.length ?? 0)
  const log = Math.min(27, Math.max(10, Math.ceil(Math.log2(Math.max(1, bytes)))))
  return {
    ...(dictionary ? { dictionary } : {}),
    pledgedSrcSize: raw.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: DELTA_LEVEL,
      [constants.ZSTD_c_windowLog]: log,
      [constants.ZSTD_c_hashLog]: log,
      [constants.ZSTD_c_chainLog]: log,
    },
  }
}

function decompress(bytes: Uint8Array, dictionary: Buffer | undefined): Buffer {
  try {
    return zstdDecompressSync(bytes, { ...(dictionary ? { dictionary } : {}), maxOutputLength: DELTA_INDEX_BYTES })
  } catch (cause) {
    throw fail('DELTA_CORRUPT', {
      what: 'the delta index does not decompress against the trees of the old image',
      cause,
    })
  }
}

function indexFrom(value: unknown): DeltaIndex {
  if (!isRecord(value) || value['schema'] !== 'holotype.delta/2' || !Array.isArray(value['frames']))
    throw corrupt('not a holotype.delta/2')
  const listed: readonly unknown[] = value['frames']
  const frames = listed.map(frameFrom)
  let end = 0
  for (const frame of frames) {
    if (frame.offset !== end) throw corrupt(`a frame at ${frame.offset} where ${end} is expected`)
    end += frame.length
  }
  checkPieces(frames)
  const size = whole(value, 'size')
  if (end !== size) throw corrupt(`its frames end at ${end}, the delta at ${size}`)
  return {
    schema: 'holotype.delta/2',
    from: digest(value, 'from'),
    to: digest(value, 'to'),
    pack: digest(value, 'pack'),
    size,
    frames,
  }
}

function frameFrom(value: unknown): DeltaFrame {
  if (!isRecord(value)) throw corrupt('a frame is no object')
  const [length, bases, pieces] = [whole(value, 'length'), piecesFrom(value, 'bases'), piecesFrom(value, 'pieces')]
  const held = [...bases, ...pieces].reduce((sum, piece) => sum + piece.length, 0)
  if (pieces.length === 0) throw corrupt('a frame of nothing')
  if (held > DELTA_FRAME_BYTES || length > DELTA_FRAME_BYTES)
    throw corrupt(`a frame takes ${Math.max(held, length)} bytes; at most ${DELTA_FRAME_BYTES} may be`)
  const coding = memberOf(value, 'coding')
  if (coding !== 'dictionary' && coding !== 'difference') throw corrupt('a frame of a coding that is not known')
  return { offset: whole(value, 'offset'), length, coding, bases, pieces }
}

function piecesFrom(frame: Record<string, unknown>, key: string): readonly Piece[] {
  const listed = memberOf(frame, key)
  if (!Array.isArray(listed)) throw corrupt(`${key} is no list`)
  return listed.map((value: unknown) => {
    if (!isRecord(value)) throw corrupt('a piece is no object')
    const size = whole(value, 'size')
    const offset = value['offset'] === undefined ? 0 : whole(value, 'offset')
    const length = value['length'] === undefined ? size : whole(value, 'length')
    if (offset + length > size) throw corrupt('a piece beyond the end of its object')
    const piece = { digest: digest(value, 'digest'), size, offset, length }
    if (memberOf(value, 'gzip') !== true) return piece
    if (length !== size || size > DELTA_GZIP_BYTES)
      throw corrupt(`what is inside of ${piece.digest} is cut or too large`)
    return { ...piece, gzip: true as const }
  })
}

/** An object's pieces follow each other from its first byte to its last. */
function checkPieces(frames: readonly DeltaFrame[]): void {
  let open: Piece | undefined
  for (const piece of frames.flatMap(({ pieces }) => pieces)) {
    const expected = open ? open.offset + open.length : 0
    if (piece.offset !== expected || (open && (open.digest !== piece.digest || open.size !== piece.size)))
      throw corrupt(`the pieces of ${(open ?? piece).digest} do not follow each other`)
    open = piece.offset + piece.length < piece.size ? piece : undefined
  }
  if (open) throw corrupt(`the end of ${open.digest} is missing`)
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

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch (cause) {
    throw fail('DELTA_CORRUPT', { what: 'the delta index is no JSON', cause })
  }
}

function corrupt(why: string): Error {
  return fail('DELTA_CORRUPT', { what: `the delta index is invalid: ${why}` })
}
