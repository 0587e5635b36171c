import { type Digest, digestOf, isErrorCode } from '@holotype/base'
import {
  type DeltaFrame,
  type DeltaIndex,
  gunzip,
  gzipLater,
  openDeltaFrame,
  openDeltaIndex,
  type Piece,
  treeDictionary,
} from '@holotype/store'
import type { DeltaRef } from '@holotype/trust'
import { explain } from '../explain.ts'
import { DELTA_GZIP_BYTES, GZIP_FRAMES_WAITING, GZIP_PROCESSES } from '../limits.ts'
import { free, served } from '../memory.ts'
import { readPiece, readSmall } from '../state/hash-file.ts'
import type { ObjectFolder } from '../state/objects.ts'
import type { IdealTree } from '../tree/ideal.ts'
import type { ObjectSink, ObjectWriter } from './frame-reader.ts'
import { coalesce } from './packs.ts'
import { type RangeSink, type Site, WrongBytes } from './site.ts'

/** What leads from the image that a node is at to the next one. */
export interface Delta {
  /** Bytes of the frames that hold the wanted objects. */
  sizeOf(wanted: ReadonlySet<Digest>): number
  /**
   * Fetches these frames, and hands on what comes out of them and of the old files. Gives what did not come: an old file that is not what it
   * should be leads to other bytes than wanted, which are dropped.
   * @throws AGENT_SITE_UNREACHABLE, DISK_FULL
   */
  fetch(wanted: ReadonlySet<Digest>, sink: ObjectSink, onBytes: (done: number) => void): Promise<ReadonlySet<Digest>>
}

export interface DeltaOptions {
  readonly site: Site
  readonly ref: DeltaRef
  readonly kept: ObjectFolder
  /** The tree of the image that the node is at. */
  readonly claimed: IdealTree
  /** The old files: the resolved root, and where below it nothing may be read. */
  readonly root: string
  readonly untouched: (path: string) => boolean
}

/**
 * Opens a delta by its index, and keeps the new image's trees, which it holds. Undefined when the index is not there or is not one for this
 * image: the packs hold everything too.
 * @throws AGENT_SITE_UNREACHABLE, DISK_FULL
 */
export async function openDelta(options: DeltaOptions): Promise<Delta | undefined> {
  const { site, ref, kept, claimed } = options
  try {
    const bytes = await site.object(ref.index, { size: ref.indexSize })
    const { index, trees } = openDeltaIndex(bytes, treeDictionary(treesOf(claimed, kept)))
    if (index.pack !== ref.pack || index.from !== claimed.root.tree) return undefined
    for (const tree of trees) kept.put(digestOf(tree), tree)
    return deltaOf(index, options)
  } catch (error) {
    if (UNUSABLE.some((code) => isErrorCode(error, code))) return undefined
    throw error
  }
}

function* treesOf(tree: IdealTree, kept: ObjectFolder): Generator<[Digest, Buffer]> {
  for (const digest of tree.trees.keys()) {
    const bytes = kept.read(digest)
    if (bytes) yield [digest, bytes]
  }
}

const UNUSABLE = ['AGENT_OBJECT_MISSING', 'AGENT_OBJECT_CORRUPT', 'DELTA_CORRUPT'] as const

function deltaOf(index: DeltaIndex, { site, ref, kept, root, claimed, untouched }: DeltaOptions): Delta {
  const holding = (wanted: ReadonlySet<Digest>) =>
    index.frames.filter(({ pieces }) => pieces.some(({ digest }) => wanted.has(digest)))
  return {
    sizeOf: (wanted) => holding(wanted).reduce((sum, { length }) => sum + length, 0),
    async fetch(wanted, sink, onBytes) {
      const frames = holding(wanted)
      const bases = new Set(frames.flatMap((frame) => frame.bases.map(({ digest }) => digest)))
      const paths = pathsOf(claimed, bases, untouched)
      const base = root === '/' ? '' : root
      const old = Buffer.allocUnsafeSlow(Math.max(0, ...frames.map((frame) => lengthOf(frame.bases))))
      const read = (frame: DeltaFrame) => {
        let at = 0
        for (const piece of frame.bases) {
          const path = paths.get(piece.digest)
          if (path === undefined || !readBase(base + path, piece, old.subarray(at))) return undefined
          at += piece.length
        }
        return old.subarray(0, at)
      }
      const missing = new Set(wanted)
      const objects = objectsInto(sink, { wanted, missing, scratch: kept.directory })
      const reader = deltaReader(frames, objects, read, onBytes)
      try {
        // One after another: the pieces of a large file must come in their order.
        for (const run of coalesce(frames)) {
          const last = run.at(-1)
          if (last) await site.range(ref.pack, last.offset + last.length, reader)
        }
        await objects.settled()
      } catch (error) {
        if (!UNUSABLE.some((code) => isErrorCode(error, code))) throw error
      } finally {
        await objects.close()
      }
      return missing
    },
  }
}

/** The bytes of a piece of an old file; false when it is not what it was. */
function readBase(path: string, piece: Piece, into: Buffer): boolean {
  if (!piece.gzip) return readPiece(path, piece, into)
  const bytes = readSmall(path, DELTA_GZIP_BYTES)
  const inside = bytes && gunzip(bytes)
  if (inside?.length !== piece.size) return false
  inside.copy(into)
  return true
}

/** For each of these files a path of the old image that may be read. */
function pathsOf(
  claimed: IdealTree,
  digests: ReadonlySet<Digest>,
  untouched: (path: string) => boolean,
): ReadonlyMap<Digest, string> {
  const paths = new Map<Digest, string>()
  const visit = (directory: string, tree: Digest) => {
    for (const [name, entry] of claimed.children(tree)) {
      if (entry.type !== 'directory' && !(entry.type === 'file' && digests.has(entry.digest))) continue
      const path = `${directory}/${name}`
      if (untouched(path)) continue
      if (entry.type === 'directory') visit(path, entry.tree)
      else paths.set(entry.digest, path)
    }
  }
  visit('', claimed.root.tree)
  return paths
}

/** Takes frames' pieces in order: a whole object at once, a large one piece by piece. */
interface PieceSink {
  /** Needs the pieces no more when it returns. What it gives is to be awaited before the next frame. @throws DISK_FULL */
  take(frame: DeltaFrame, pieces: readonly Buffer[] | undefined): Promise<void> | void
  /** When all gzip files are made. @throws DISK_FULL */
  settled(): Promise<void>
  /** Nothing more comes: waits for what is being made, and drops what is not whole. */
  close(): Promise<void>
}

function objectsInto(
  sink: ObjectSink,
  options: { readonly wanted: ReadonlySet<Digest>; readonly missing: Set<Digest>; readonly scratch: string },
): PieceSink {
  const { wanted, missing, scratch } = options
  let open: ObjectWriter | undefined
  const arrived = (digest: Digest, action: () => void) => {
    try {
      action()
      missing.delete(digest)
    } catch (error) {
      if (!(error instanceof WrongBytes)) throw error
    }
  }
  const lanes = lanesOf(GZIP_PROCESSES, GZIP_FRAMES_WAITING)
  /** The gzip files among the wanted pieces: made again beside the frames that follow. */
  const putGzip = (frame: DeltaFrame, pieces: readonly Buffer[]) => {
    const inside = frame.pieces.flatMap(({ digest, gzip }, at) => {
      const bytes = gzip && wanted.has(digest) ? pieces[at] : undefined
      return bytes ? [{ digest, bytes }] : []
    })
    if (inside.length === 0) return undefined
    // Before more is written down: what failed may be a full disk.
    lanes.check()
    const digests = inside.map(({ digest }) => digest)
    const make = writtenDown(
      inside.map(({ bytes }) => bytes),
      scratch,
    )
    return lanes.add(async () => {
      for (const [at, bytes] of (await make()).entries()) {
        const digest = digests[at]
        if (bytes && digest) arrived(digest, () => sink.put(digest, bytes))
      }
    })
  }
  return {
    take(frame, pieces) {
      for (const [at, { digest, size, offset, length, gzip }] of frame.pieces.entries()) {
        if (!wanted.has(digest) || gzip) continue
        const bytes = pieces?.[at]
        if (length === size) {
          if (bytes) arrived(digest, () => sink.put(digest, bytes))
          continue
        }
        if (offset === 0) open = sink.begin(digest)
        if (bytes) open?.write(bytes)
        else {
          open?.abort()
          open = undefined
        }
        if (offset + length < size) continue
        const writer = open
        open = undefined
        if (writer) arrived(digest, () => writer.end())
      }
      return pieces && putGzip(frame, pieces)
    },
    settled: lanes.settled,
    async close() {
      open?.abort()
      open = undefined
      await lanes.idle()
    },
  }
}

function writtenDown(contents: readonly Buffer[], scratch: string): ReturnType<typeof gzipLater> {
  try {
    return gzipLater(contents, scratch)
  } catch (error) {
    throw explain(error, scratch)
  }
}

/** Work beside the frames, so much of it at a time. `add` gives what is to be awaited where too much waits; `check` and `settled` throw what failed. */
function lanesOf(count: number, waiting: number) {
  const lanes = Array.from({ length: count }, () => Promise.resolve())
  let failure: { readonly error: unknown } | undefined
  let [added, done] = [0, 0]
  const check = () => {
    if (failure) throw failure.error
  }
  const follow = async (before: Promise<void> | undefined, work: () => Promise<void>) => {
    await before
    try {
      await work()
    } catch (error) {
      failure ??= { error }
    }
    done += 1
  }
  const idle = () => Promise.all(lanes)
  return {
    add(work: () => Promise<void>): Promise<void> | undefined {
      const lane = added++ % count
      const finished = follow(lanes[lane], work)
      lanes[lane] = finished
      return added - done < waiting ? undefined : finished
    },
    check,
    idle,
    async settled() {
      await idle()
      check()
    },
  }
}

/** Reads frames of a delta, each in memory: an index that asks for more than `DELTA_FRAME_BYTES` of the store does not parse. */
function deltaReader(
  frames: readonly DeltaFrame[],
  objects: PieceSink,
  read: (frame: DeltaFrame) => Buffer | undefined,
  onBytes: (done: number) => void,
): RangeSink {
  const compressed = Buffer.allocUnsafeSlow(Math.max(0, ...frames.map(({ length }) => length)))
  let index = 0
  let at = frames[0]?.offset ?? 0
  let done = 0
  return {
    position: () => at,
    async feed(chunk) {
      served(chunk.length)
      for (let rest = chunk; rest.length > 0; ) {
        const frame = frames[index]
        if (!frame) return
        const skipped = Math.min(rest.length, Math.max(0, frame.offset - at))
        const part = rest.subarray(skipped, skipped + frame.offset + frame.length - Math.max(at, frame.offset))
        part.copy(compressed, at + skipped - frame.offset)
        at += skipped + part.length
        rest = rest.subarray(skipped + part.length)
        if (at < frame.offset + frame.length) return
        index += 1
        const pieces = open(frame, compressed.subarray(0, frame.length), read(frame))
        const room = objects.take(frame, pieces)
        if (pieces?.[0]) free(pieces[0])
        onBytes((done += frame.length))
        await room
      }
    },
  }
}

/** The pieces of a frame; undefined when an old file is not there, or not what it was. */
function open(frame: DeltaFrame, compressed: Buffer, bases: Buffer | undefined): readonly Buffer[] | undefined {
  if (!bases) return undefined
  try {
    return openDeltaFrame(frame, compressed, bases, free)
  } catch (error) {
    if (isErrorCode(error, 'DELTA_CORRUPT')) return undefined
    throw error
  }
}

function lengthOf(pieces: DeltaFrame['bases']): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}
