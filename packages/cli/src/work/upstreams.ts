import { shortDigest } from '@holotype/base'
import { type Distribution, keyringsOf, OWN_NAME, OWN_PRIORITY, type Upstream } from '@holotype/distribution'
import type { LockSource } from '@holotype/image'
import {
  type Fetcher,
  hostSources,
  listWantedFiles,
  ownSnapshot,
  rememberTaken,
  snapshotUpstream,
  type TakenSnapshot,
} from '@holotype/repository'
import type { Store } from '@holotype/store'
import { verifyClearSigned, verifyDetached } from '@holotype/trust'
import type { Context } from '../context.ts'
import { keepNurserySmall } from '../memory.ts'
import { architectureOfDistribution, formatOfDistribution } from './architecture.ts'
import { type Pins, pinsOf, readPinned } from './pins.ts'

interface WantedSnapshots {
  readonly distribution: Distribution
  readonly fetcher: Fetcher
  /** What is not taken anew. Default: what `holotype.yaml` pins. */
  readonly pins?: Pins
}

/**
 * A snapshot of every upstream, as it is now or as it is pinned, and of our own repository: what a lock is resolved from.
 * @throws SNAPSHOT_MISSING, SNAPSHOT_UNFIT, UPSTREAM_NO_SOURCES, UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE, UPSTREAM_EXPIRED, UPSTREAM_MISMATCH, REPOSITORY_MALFORMED, DISK_FULL
 */
export async function takeSnapshots(
  context: Context,
  { distribution, fetcher, pins = pinsOf(distribution) }: WantedSnapshots,
): Promise<LockSource[]> {
  keepNurserySmall()
  const store = await context.store()
  const names = Object.keys(distribution.file.upstreams)
  // First what may be refused at once, then what takes minutes.
  const pinned = names.flatMap((name) => pinnedOf(context, { distribution, store, name, pins }))
  const taken: TakenSnapshot[] = []
  for (const name of names.filter((one) => !pins.has(one)))
    taken.push(await takeOne(context, { distribution, fetcher, name }))
  const format = formatOfDistribution(distribution)
  const own = ownSnapshot(store, { name: OWN_NAME, format, architecture: architectureOfDistribution(distribution) })
  // Together: a package of one upstream may require a path that only another one has.
  const completed = await listWantedFiles({ store, fetcher, snapshots: taken, fixed: [...pinned, own] })
  for (const { digest, snapshot } of completed)
    rememberTaken(store, { upstream: snapshot.name, snapshot: digest, taken: now(context), name: null })
  const digests = new Map([...pinned, ...completed].map(({ digest, snapshot }) => [snapshot.name, digest]))
  const sources = names.flatMap((name) => {
    const digest = digests.get(name)
    const upstream = distribution.file.upstreams[name]
    return digest && upstream ? [{ name, digest, priority: upstream.priority }] : []
  })
  return [...sources, { name: OWN_NAME, digest: own.digest, priority: OWN_PRIORITY }]
}

interface MaybePinned {
  readonly distribution: Distribution
  readonly store: Store
  readonly name: string
  readonly pins: Pins
}

/** The snapshot that an upstream is pinned to: one or none. */
function pinnedOf({ progress }: Context, { distribution, store, name, pins }: MaybePinned): TakenSnapshot[] {
  const [digest, upstream] = [pins.get(name), distribution.file.upstreams[name]]
  if (!digest || !upstream) return []
  const architecture = architectureOf(distribution, upstream)
  const snapshot = readPinned(store, { name, digest, format: upstream.format, architecture })
  progress({ kind: 'note', level: 'info', text: `${name} is pinned to the snapshot ${shortDigest(digest)}` })
  return [{ digest, snapshot, bytesFetched: 0 }]
}

interface OneUpstream {
  readonly distribution: Distribution
  readonly fetcher: Fetcher
  /** The upstream's name in the distribution. */
  readonly name: string
}

/** A snapshot of one upstream as it is now. @throws as {@link takeSnapshots} */
export async function takeSnapshot(context: Context, one: OneUpstream): Promise<TakenSnapshot> {
  const taken = await takeOne(context, one)
  const [completed = taken] = await listWantedFiles({
    store: await context.store(),
    fetcher: one.fetcher,
    snapshots: [taken],
  })
  return completed
}

async function takeOne(context: Context, { distribution, fetcher, name }: OneUpstream): Promise<TakenSnapshot> {
  const upstream = distribution.file.upstreams[name]
  if (!upstream) throw new Error(`no upstream is named ${name}`)
  const architecture = architectureOf(distribution, upstream)
  const sources =
    upstream.from === 'host' ? hostSources({ root: context.aptRoot, architecture, pockets: upstream.pockets }) : []
  return snapshotUpstream({
    name,
    upstream: upstream.from === 'host' ? upstream : { ...upstream, keyrings: keyringsOf(distribution, upstream) },
    architecture,
    store: await context.store(),
    fetcher,
    sources,
    verify: verifyClearSigned,
    verifyDetached,
    now: context.now().getTime(),
    progress: context.progress,
  })
}

function now(context: Context): string {
  return context.now().toISOString()
}

function architectureOf(distribution: Distribution, upstream: Upstream): string {
  if (upstream.from === 'url' && upstream.architecture !== undefined) return upstream.architecture
  return architectureOfDistribution(distribution)
}
