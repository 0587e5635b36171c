import { type Distribution, keyringsOf, type Upstream } from '@holotype/distribution'
import type { FormatName } from '@holotype/formats'
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
import { verifyClearSigned, verifyDetached } from '@holotype/trust'
import type { Context } from '../context.ts'

/** Our own packages win over upstream's, whatever their versions. */
const OWN_PRIORITY = 900
const UPSTREAM_PRIORITY = 500
/** The name locks give to our own repository. */
export const OWN = 'own'

/**
 * A snapshot of every upstream as it is now, and of our own repository: what a lock is resolved from.
 * @throws UPSTREAM_NO_SOURCES, UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE, UPSTREAM_EXPIRED, UPSTREAM_MISMATCH, REPOSITORY_MALFORMED, DISK_FULL
 */
export async function takeSnapshots(
  context: Context,
  distribution: Distribution,
  fetcher: Fetcher,
): Promise<LockSource[]> {
  const store = await context.store()
  const names = Object.keys(distribution.file.upstreams)
  const taken: TakenSnapshot[] = []
  for (const name of names) taken.push(await takeOne(context, { distribution, fetcher, name }))
  const format = formatOfDistribution(distribution)
  taken.push(ownSnapshot(store, { name: OWN, format, architecture: architectureOfDistribution(distribution) }))
  // Together: a package of one upstream may require a path that only another one has.
  const completed = await listWantedFiles({ store, fetcher, snapshots: taken })
  return completed.map(({ digest, snapshot: { name } }, index) => {
    if (index < names.length)
      rememberTaken(store, { upstream: name, snapshot: digest, taken: now(context), name: null })
    return { name, digest, priority: index < names.length ? UPSTREAM_PRIORITY : OWN_PRIORITY }
  })
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

/** The format of a distribution's packages: that of its upstreams. */
export function formatOfDistribution(distribution: Distribution): FormatName {
  return Object.values(distribution.file.upstreams)[0]?.format ?? 'deb'
}

/** What the formats other than deb call the architectures that a distribution names as Debian does. */
const ELSEWHERE = { amd64: 'x86_64', arm64: 'aarch64' } as const

/** The architecture of a distribution's nodes, as its format names it: what a lock is resolved for. */
export function architectureOfDistribution(distribution: Distribution): string {
  return architectureIn(distribution, formatOfDistribution(distribution))
}

/** The same as any format names it. */
export function architectureIn({ file }: Distribution, format: FormatName): string {
  return format === 'deb' ? file.architecture : ELSEWHERE[file.architecture]
}

function architectureOf(distribution: Distribution, upstream: Upstream): string {
  if (upstream.from === 'url' && upstream.architecture !== undefined) return upstream.architecture
  return architectureOfDistribution(distribution)
}
