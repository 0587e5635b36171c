import { tmpdir } from 'node:os'
import { type Digest, digestOf } from '@holotype/base'
import { fail } from '../errors.ts'
import {
  DELTA_BASE_BYTES,
  DELTA_FRAME_BYTES,
  DELTA_GROUP_BYTES,
  DELTA_GZIP_BYTES,
  DELTA_GZIP_GROUP_BYTES,
  DELTA_PIECE_BYTES,
  DELTA_SMALL_BYTES,
  DELTA_THREADS_BYTES,
  FRAMES_IN_FLIGHT,
  GZIP_FILES,
} from '../limits.ts'
import type { DeltaFrame, Piece, Store, WrittenDelta } from '../types.ts'
import { walkTree } from '../walk.ts'
import { encodeDeltaIndex, treeDictionary } from './delta-index.ts'
import { type Coded, codeFrame } from './code-frame.ts'
import { codeInThreads } from './frame-threads.ts'
import { gunzip, gzipAgain } from './gzip.ts'
import { type PlacedFile, type Resemblance, resemblance } from './resemblance.ts'

type RawFrame = Pick<DeltaFrame, 'bases' | 'pieces'>

export interface DeltaOptions {
  /** Holds both trees and all files. */
  readonly store: Store
  /** The roots of the old and of the new tree. */
  readonly from: Digest
  readonly to: Digest
  /** Where the delta goes: a site's store. */
  readonly target: Store
  /** Called with the bytes, before compression, of what is done and of all that is to do. */
  readonly onBytes?: (done: number, total: number) => void
}

/**
 * Writes what leads from one tree to another as two objects of `target`. A changed file is coded against the old one that it resembles,
 * small ones several together; where that does not make it smaller, it stands for itself. Frames are coded on all cores. The same trees
 * give the same bytes, for one version of zstd.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID, DISK_FULL
 */
export async function writeDelta({ store, from, to, target, onBytes }: DeltaOptions): Promise<WrittenDelta> {
  const [old, next] = [contentsOf(store, from), contentsOf(store, to)]
  const changed = [...next.files.values()].filter(({ entry }) => !old.files.has(entry.digest))
  const raw = changed.reduce((sum, { entry }) => sum + entry.size, 0)
  const alike = resemblance(old.places.map((file) => ({ ...file, gone: !next.files.has(file.entry.digest) })))
  const inside = await insideOf(store, changed, alike)
  const frames: DeltaFrame[] = []
  let done = 0
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let offset = 0
    await using coder = raw < DELTA_THREADS_BYTES ? inPlace : codeInThreads()
    for await (const { frame, compressed } of codeFrames({ store, coder }, gather(changed, alike, inside))) {
      frames.push({ offset, length: compressed.length, ...frame })
      offset += compressed.length
      done += lengthOf(frame.pieces)
      onBytes?.(done, raw)
      yield compressed
    }
  }
  const pack = await target.putStream(bytes())
  const trees = [...next.trees].filter((tree) => !old.trees.has(tree)).map((tree) => store.read(tree))
  const dictionary = treeDictionary([...old.trees].map((tree) => [tree, store.read(tree)]))
  const index = encodeDeltaIndex(
    { index: { schema: 'holotype.delta/2', from, to, pack: pack.digest, size: pack.size, frames }, trees },
    dictionary,
  )
  return {
    index: target.put(index),
    indexSize: index.length,
    pack: pack.digest,
    size: pack.size,
    fetched: pack.size + index.length,
    objects: changed.length,
    patched: new Set(
      frames.flatMap(({ bases, pieces }) => (bases.length > 0 ? pieces.map(({ digest }) => digest) : [])),
    ).size,
    raw,
  }
}

interface Contents {
  readonly trees: ReadonlySet<Digest>
  /** Each distinct file once, at its first path. */
  readonly files: ReadonlyMap<Digest, PlacedFile>
  readonly places: readonly PlacedFile[]
}

function contentsOf(store: Store, root: Digest): Contents {
  const trees = new Set([root])
  const files = new Map<Digest, PlacedFile>()
  const places: PlacedFile[] = []
  for (const { path, entry } of walkTree(store, root)) {
    if (entry.type === 'directory') trees.add(entry.tree)
    if (entry.type !== 'file') continue
    places.push({ path, entry })
    if (!files.has(entry.digest)) files.set(entry.digest, { path, entry })
  }
  return { trees, files, places }
}

/** Bytes inside of gzip files, by their digests: of new ones that gzip makes again, and of the old ones that they resemble. */
async function insideOf(
  store: Store,
  changed: readonly PlacedFile[],
  { baseOf }: Resemblance,
): Promise<ReadonlyMap<Digest, number>> {
  const inside = new Map<Digest, number>()
  const candidates = changed.filter(({ path, entry }) => path.endsWith('.gz') && entry.size <= DELTA_GZIP_BYTES)
  for (let first = 0; first < candidates.length; first += GZIP_FILES) {
    const contents: { readonly digest: Digest; readonly bytes: Buffer; readonly base: Digest; readonly old: number }[] =
      []
    for (const { path, entry } of candidates.slice(first, first + GZIP_FILES)) {
      const base = baseOf(path, entry.size)
      const old = base && base.size <= DELTA_GZIP_BYTES ? gunzip(store.read(base.digest)) : undefined
      const bytes = old && gunzip(store.read(entry.digest))
      if (base && bytes) contents.push({ digest: entry.digest, bytes, base: base.digest, old: old.length })
    }
    const again = await gzipAgain(
      contents.map(({ bytes }) => bytes),
      tmpdir(),
    )
    for (const [index, { digest, bytes, base, old }] of contents.entries()) {
      const made = again[index]
      if (!made || digestOf(made) !== digest) continue
      inside.set(digest, bytes.length)
      inside.set(base, old)
    }
  }
  return inside
}

/**
 * Which files go into which frame against which old ones: by size and name alone, so nothing is read yet. What is inside of gzip files comes first:
 * a node makes these files while it reads all else.
 */
function* gather(
  changed: readonly PlacedFile[],
  alike: Resemblance,
  inside: ReadonlyMap<Digest, number>,
): Generator<RawFrame> {
  const opened = changed.filter(({ entry }) => inside.has(entry.digest))
  const others = changed.filter(({ entry }) => !inside.has(entry.digest))
  yield* gatherSome(opened, { alike, inside, ownFrom: DELTA_GZIP_GROUP_BYTES, group: DELTA_GZIP_GROUP_BYTES })
  yield* gatherSome(others, { alike, inside, ownFrom: DELTA_SMALL_BYTES, group: DELTA_GROUP_BYTES })
}

/** `ownFrom`: bytes, new and old, from which a file has a frame of its own; `group`: of smaller ones in one frame. */
function* gatherSome(
  files: readonly PlacedFile[],
  options: {
    readonly alike: Resemblance
    readonly inside: ReadonlyMap<Digest, number>
    readonly ownFrom: number
    readonly group: number
  },
): Generator<RawFrame> {
  const { alike, inside, ownFrom, group } = options
  const wholeOf = ({ digest, size }: Sized, looksInside: boolean): Piece => {
    const length = looksInside ? inside.get(digest) : undefined
    if (length === undefined) return { digest, size, offset: 0, length: size }
    return { digest, size: length, offset: 0, length, gzip: true }
  }
  let bases = new Map<string, Piece>()
  let pieces: Piece[] = []
  let held = 0
  for (const { path, entry } of files) {
    const old = alike.baseOf(path, entry.size)
    const piece = wholeOf(entry, true)
    const base = old && wholeOf(old, piece.gzip === true)
    const both = piece.size + (base?.size ?? 0)
    if (both >= ownFrom) {
      if (both <= DELTA_FRAME_BYTES) yield { bases: base ? [base] : [], pieces: [piece] }
      else yield* piecewise(piece, base)
      continue
    }
    if (held + both > group && pieces.length > 0) {
      yield { bases: [...bases.values()], pieces }
      bases = new Map()
      pieces = []
      held = 0
    }
    if (base) bases.set(`${base.digest}${base.gzip ?? ''}`, base)
    pieces.push(piece)
    held += both
  }
  if (pieces.length > 0) yield { bases: [...bases.values()], pieces }
}

interface Sized {
  readonly digest: Digest
  readonly size: number
}

/** Cuts a large file, each piece against the stretch of the old one around the same place: what was inserted before shifts a binary little. */
function* piecewise(whole: Piece, base: Sized | undefined) {
  for (let offset = 0; offset < whole.size; offset += DELTA_PIECE_BYTES) {
    const length = Math.min(DELTA_PIECE_BYTES, whole.size - offset)
    const pieces = [{ ...whole, offset, length }]
    if (!base) {
      yield { bases: [], pieces }
      continue
    }
    const middle = ((offset + length / 2) / whole.size) * base.size
    const start = Math.max(0, Math.min(Math.floor(middle - DELTA_BASE_BYTES / 2), base.size - DELTA_BASE_BYTES))
    yield {
      bases: [{ digest: base.digest, size: base.size, offset: start, length: Math.min(DELTA_BASE_BYTES, base.size) }],
      pieces,
    }
  }
}

/** Makes frames of bytes. */
interface FrameCoder extends AsyncDisposable {
  code(raw: Buffer, bases: Buffer): Promise<Coded>
}

const inPlace: FrameCoder = {
  code: async (raw, bases) => codeFrame(raw, bases),
  [Symbol.asyncDispose]: async () => undefined,
}

interface CodedFrame {
  readonly frame: RawFrame & Pick<DeltaFrame, 'coding'>
  readonly compressed: Uint8Array
}

/** Codes several frames at a time and gives them back in order. */
async function* codeFrames(
  { store, coder }: { readonly store: Store; readonly coder: FrameCoder },
  frames: Iterable<RawFrame>,
): AsyncGenerator<CodedFrame> {
  const read = pieceReader(store)
  const flight: Promise<CodedFrame>[] = []
  const coded = async ({ bases, pieces }: RawFrame, bytes: { raw: Buffer; old: Buffer }): Promise<CodedFrame> => {
    const { compressed, coding, alone } = await coder.code(bytes.raw, bytes.old)
    return { frame: { bases: alone ? [] : bases, pieces, coding }, compressed }
  }
  try {
    for (const frame of frames) {
      if (flight.length >= FRAMES_IN_FLIGHT) {
        const first = await flight.shift()
        if (first) yield first
      }
      const [raw, old] = [Buffer.concat(frame.pieces.map(read)), Buffer.concat(frame.bases.map(read))]
      flight.push(coded(frame, { raw, old }))
    }
    for (const done of flight) yield await done
  } finally {
    // On an error elsewhere, what is still being coded must not become an unhandled rejection.
    await Promise.allSettled(flight)
  }
}

/** The bytes of pieces; those of the last two objects stay at hand, as the pieces of one file and of its base follow each other. */
function pieceReader(store: Store): (piece: Piece) => Buffer {
  const recent = new Map<Digest, Buffer>()
  return ({ digest, size, offset, length, gzip }) => {
    const stored = recent.get(digest) ?? store.read(digest)
    const bytes = gzip ? (gunzip(stored) ?? stored) : stored
    if (bytes.length !== size) throw fail('OBJECT_CORRUPT', { what: `${digest} is not as large as its tree says` })
    if (length === size) return bytes
    recent.set(digest, bytes)
    const [oldest] = recent.keys()
    if (recent.size > 2 && oldest) recent.delete(oldest)
    return bytes.subarray(offset, offset + length)
  }
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}
