import type { Digest, Progress } from '@holotype/base'
import { runTask } from '@holotype/base'
import { type PackFrame, type PackIndex, parsePackIndex } from '@holotype/store'
import type { PackRef } from '@holotype/trust'
import { fail } from '../errors.ts'
import { CONCURRENT_RANGES, PACK_INDEX_BYTES, RANGE_BYTES, RANGE_GAP_BYTES } from '../limits.ts'
import type { ObjectFolder } from '../state/objects.ts'
import { frameReader, type ObjectSink } from './frame-reader.ts'
import type { Site } from './site.ts'

/** The packs of a channel target: where each object of its image can be fetched. */
export interface Packs {
  /**
   * Fetches the frames that hold the wanted objects and hands the objects on, verified.
   * @throws AGENT_OBJECT_MISSING, AGENT_OBJECT_CORRUPT, AGENT_SITE_UNREACHABLE, DISK_FULL
   */
  fetch(wanted: ReadonlySet<Digest>, sink: ObjectSink, task: { progress: Progress; title: string }): Promise<void>
  /** The size of an object that some pack holds. */
  sizeOf(digest: Digest): number | undefined
}

interface Place {
  readonly pack: number
  readonly frame: number
  readonly size: number
}

/** Opens the packs by their indexes, which are kept so that the next sync need not fetch them. */
export async function openPacks(site: Site, kept: ObjectFolder, refs: readonly PackRef[]): Promise<Packs> {
  const indexes: PackIndex[] = []
  const places = new Map<Digest, Place>()
  for (const ref of refs) {
    let bytes = kept.read(ref.index)
    if (!bytes) {
      bytes = await site.object(ref.index, PACK_INDEX_BYTES)
      kept.put(ref.index, bytes)
    }
    const index = parsePackIndex(bytes)
    if (index.pack !== ref.pack)
      throw fail('AGENT_OBJECT_MALFORMED', { what: `the index ${ref.index} is of another pack than ${ref.pack}` })
    const pack = indexes.push(index) - 1
    for (const [frame, { objects }] of index.frames.entries())
      for (const { digest, size } of objects) if (!places.has(digest)) places.set(digest, { pack, frame, size })
  }
  return {
    sizeOf: (digest) => places.get(digest)?.size,
    async fetch(wanted, sink, { progress, title }) {
      const runs = plan(wanted, places, indexes)
      const total = runs.reduce((sum, run) => sum + run.bytes, 0)
      if (runs.length === 0) return
      await runTask(progress, { title, total, unit: 'bytes' }, async (task) => {
        let done = 0
        let next = 0
        const work = async () => {
          for (let run = runs[next++]; run; run = runs[next++]) {
            await fetchRun(site, run, sink)
            done += run.bytes
            task.advance(done)
          }
        }
        const workers = await Promise.allSettled(
          Array.from({ length: Math.min(CONCURRENT_RANGES, runs.length) }, () =>
            work().catch((error: unknown) => {
              next = runs.length
              throw error
            }),
          ),
        )
        for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
      })
    },
  }
}

/** Frames of one pack that one request fetches. */
interface FrameRun {
  readonly pack: Digest
  readonly frames: readonly PackFrame[]
  readonly bytes: number
}

async function fetchRun(site: Site, run: FrameRun, sink: ObjectSink): Promise<void> {
  const last = run.frames.at(-1)
  if (!last) return
  const reader = frameReader(run.frames, sink)
  try {
    await site.range(run.pack, last.offset + last.length, reader)
  } finally {
    reader.close()
  }
}

function plan(
  wanted: ReadonlySet<Digest>,
  places: ReadonlyMap<Digest, Place>,
  indexes: readonly PackIndex[],
): FrameRun[] {
  const framesByPack = indexes.map(() => new Set<number>())
  for (const digest of wanted) {
    const place = places.get(digest)
    if (!place) throw fail('AGENT_OBJECT_MISSING', { what: `no pack of the channel statement holds ${digest}` })
    framesByPack[place.pack]?.add(place.frame)
  }
  return indexes.flatMap((index, pack) => {
    const numbers = [...(framesByPack[pack] ?? [])].sort((a, b) => a - b)
    return coalesce(
      index.pack,
      numbers.flatMap((number) => index.frames[number] ?? []),
    )
  })
}

/** Joins frames that lie near each other into one request, up to a length. */
function coalesce(pack: Digest, frames: readonly PackFrame[]): FrameRun[] {
  const runs: FrameRun[] = []
  let current: PackFrame[] = []
  const flush = () => {
    const [first, last] = [current[0], current.at(-1)]
    if (first && last) runs.push({ pack, frames: current, bytes: last.offset + last.length - first.offset })
    current = []
  }
  for (const frame of frames) {
    const [first, last] = [current[0], current.at(-1)]
    if (first && last) {
      const gap = frame.offset - (last.offset + last.length)
      if (gap > RANGE_GAP_BYTES || frame.offset + frame.length - first.offset > RANGE_BYTES) flush()
    }
    current.push(frame)
  }
  flush()
  return runs
}
