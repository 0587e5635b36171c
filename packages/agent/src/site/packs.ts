import type { Digest, Progress } from '@holotype/base'
import { runTask } from '@holotype/base'
import { type PackFrame, type PackIndex, parsePackIndex } from '@holotype/store'
import type { PackRef } from '@holotype/trust'
import { fail } from '../errors.ts'
import { CONCURRENT_RANGES, PACK_INDEX_BYTES, RANGE_BYTES, RANGE_GAP_BYTES } from '../limits.ts'
import type { ObjectFolder } from '../state/objects.ts'
import type { Delta } from './delta.ts'
import { frameReader, type ObjectSink } from './frame-reader.ts'
import type { Site } from './site.ts'

/** The packs of a channel target: where each object of its image can be fetched. */
export interface Packs {
  /**
   * Fetches the frames that hold the wanted objects and hands the objects on, verified.
   * @throws AGENT_OBJECT_MISSING, AGENT_OBJECT_CORRUPT, AGENT_SITE_UNREACHABLE, DISK_FULL
   */
  fetch(wanted: ReadonlySet<Digest>, sink: ObjectSink, task: { progress: Progress; title: string }): Promise<void>
  /** Bytes that fetching these would take, as far as their indexes say. @throws as `fetch` */
  cost(wanted: ReadonlySet<Digest>): Promise<number>
  /** The size of an object that some pack holds. */
  sizeOf(digest: Digest): number | undefined
}

interface Place {
  readonly pack: number
  readonly frame: number
  readonly size: number
}

/** The packs, by their indexes: read when something is wanted that the delta does not bring, and kept so that the next sync need not fetch them. */
export function openPacks(
  site: Site,
  kept: ObjectFolder,
  { refs, delta }: { readonly refs: readonly PackRef[]; readonly delta: Delta | undefined },
): Packs {
  const indexes: PackIndex[] = []
  const places = new Map<Digest, Place>()
  const open = async () => {
    for (const ref of refs.slice(indexes.length)) {
      const index = await indexOf(site, kept, ref)
      const pack = indexes.push(index) - 1
      for (const [frame, { objects }] of index.frames.entries())
        for (const { digest, size } of objects) if (!places.has(digest)) places.set(digest, { pack, frame, size })
    }
  }
  return {
    sizeOf: (digest) => places.get(digest)?.size,
    async cost(wanted) {
      if (wanted.size === 0) return 0
      if (delta) return delta.sizeOf(wanted)
      await open()
      return plan(wanted, places, indexes).reduce((sum, run) => sum + run.bytes, 0)
    },
    async fetch(all, sink, { progress, title }) {
      const wanted = delta ? await fetchDelta(delta, all, sink, progress) : all
      if (wanted.size === 0) return
      await open()
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

async function indexOf(site: Site, kept: ObjectFolder, ref: PackRef): Promise<PackIndex> {
  let bytes = kept.read(ref.index)
  if (!bytes) {
    bytes = await site.object(ref.index, PACK_INDEX_BYTES)
    kept.put(ref.index, bytes)
  }
  const index = parsePackIndex(bytes)
  if (index.pack === ref.pack) return index
  throw fail('AGENT_OBJECT_MALFORMED', { what: `the index ${ref.index} is of another pack than ${ref.pack}` })
}

/** What the delta did not bring. */
function fetchDelta(
  delta: Delta,
  wanted: ReadonlySet<Digest>,
  sink: ObjectSink,
  progress: Progress,
): Promise<ReadonlySet<Digest>> {
  const total = delta.sizeOf(wanted)
  if (total === 0) return Promise.resolve(wanted)
  return runTask(progress, { title: 'fetch the delta', total, unit: 'bytes' }, (task) =>
    delta.fetch(wanted, sink, (done) => task.advance(done)),
  )
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
    return coalesce(numbers.flatMap((number) => index.frames[number] ?? [])).map((frames) => ({
      pack: index.pack,
      frames,
      bytes: spanOf(frames),
    }))
  })
}

interface Stretch {
  readonly offset: number
  readonly length: number
}

/** Joins frames that lie near each other into one request, up to a length. */
export function coalesce<Frame extends Stretch>(frames: readonly Frame[]): Frame[][] {
  const runs: Frame[][] = []
  for (const frame of frames) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    const near = last && frame.offset - (last.offset + last.length) <= RANGE_GAP_BYTES
    if (run && near && spanOf([...run.slice(0, 1), frame]) <= RANGE_BYTES) run.push(frame)
    else runs.push([frame])
  }
  return runs
}

function spanOf(frames: readonly Stretch[]): number {
  const [first, last] = [frames[0], frames.at(-1)]
  return first && last ? last.offset + last.length - first.offset : 0
}
