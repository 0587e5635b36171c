import type { Digest, Progress } from '@holotype/base'
import { runTask } from '@holotype/base'
import { type PackFrame, type PackIndex, parsePackIndex } from '@holotype/store'
import type { PackRef } from '@holotype/trust'
import { fail } from '../errors.ts'
import { CONCURRENT_RANGES, RANGE_BYTES, RANGE_GAP_BYTES } from '../limits.ts'
import type { ObjectFolder } from '../state/objects.ts'
import type { Delta } from './delta.ts'
import { frameReader, type ObjectSink } from './frame-reader.ts'
import { type Places, placesIn, type Stretch } from './places.ts'
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

/** The packs, by their indexes: read when something is wanted that the delta does not bring, and kept so that the next sync need not fetch them. */
export function openPacks(
  site: Site,
  kept: ObjectFolder,
  { refs, delta }: { readonly refs: readonly PackRef[]; readonly delta: Delta | undefined },
): Packs {
  let places: Places | undefined
  const open = async () => {
    if (places) return places
    const indexes: PackIndex[] = []
    for (const ref of refs) indexes.push(await indexOf(site, kept, ref))
    places = placesIn(indexes)
    return places
  }
  return {
    sizeOf: (digest) => places?.sizeOf(digest),
    async cost(wanted) {
      if (wanted.size === 0) return 0
      if (delta) return delta.sizeOf(wanted)
      return plan(wanted, await open()).reduce((sum, run) => sum + run.bytes, 0)
    },
    async fetch(all, sink, { progress, title }) {
      const wanted = delta ? await fetchDelta(delta, all, sink, progress) : all
      if (wanted.size === 0) return
      const from = await open()
      const runs = plan(wanted, from)
      const total = runs.reduce((sum, run) => sum + run.bytes, 0)
      if (runs.length === 0) return
      await runTask(progress, { title, total, unit: 'bytes' }, async (task) => {
        let done = 0
        let next = 0
        const work = async () => {
          for (let run = runs[next++]; run; run = runs[next++]) {
            const pack = refs[run.pack]
            if (pack)
              await fetchRun(
                site,
                pack.pack,
                run.stretches.map(({ frame }) => from.frame(frame)),
                sink,
              )
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
    bytes = await site.object(ref.index, { size: ref.indexSize })
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
  /** The number of the pack. */
  readonly pack: number
  readonly stretches: readonly Stretch[]
  readonly bytes: number
}

async function fetchRun(site: Site, pack: Digest, frames: readonly PackFrame[], sink: ObjectSink): Promise<void> {
  const last = frames.at(-1)
  if (!last) return
  const reader = frameReader(frames, sink)
  try {
    await site.range(pack, last.offset + last.length, reader)
  } finally {
    reader.close()
  }
}

function plan(wanted: ReadonlySet<Digest>, places: Places): FrameRun[] {
  const frames = new Set<number>()
  for (const digest of wanted) {
    const frame = places.frameOf(digest)
    if (frame === undefined)
      throw fail('AGENT_OBJECT_MISSING', { what: `no pack of the channel statement holds ${digest}` })
    frames.add(frame)
  }
  // Frames are numbered in the order of the packs and of their offsets.
  const stretches = [...frames].sort((a, b) => a - b).map((frame) => places.stretchOf(frame))
  return [...Map.groupBy(stretches, ({ pack }) => pack)].flatMap(([pack, ofPack]) =>
    coalesce(ofPack).map((run) => ({ pack, stretches: run, bytes: spanOf(run) })),
  )
}

interface Extent {
  readonly offset: number
  readonly length: number
}

/** Joins frames that lie near each other into one request, up to a length. */
export function coalesce<Frame extends Extent>(frames: readonly Frame[]): Frame[][] {
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

function spanOf(frames: readonly Extent[]): number {
  const [first, last] = [frames[0], frames.at(-1)]
  return first && last ? last.offset + last.length - first.offset : 0
}
