import { type Digest, type Progress, silent } from '@holotype/base'
import type { HealthChecks } from '@holotype/image'
import { decide } from '@holotype/trust'
import { readConfig } from './config.ts'
import { currentStatement, type Patience, patience } from './current-statement.ts'
import { type Held, readHeld, readRefused } from './held.ts'
import { type OwnerOf, ownersOf } from './owners.ts'
import { overriddenGlobs } from './overrides.ts'
import { objectFolders, planSync } from './plan-sync.ts'
import { fileDigests, previousObjects } from './rollback/previous.ts'
import { openMirrors } from './site/mirrors.ts'
import { openSite } from './site/site.ts'
import { lockStateWhenFree } from './state/lock.ts'
import { readNodeState } from './state/node-state.ts'
import type { ObjectFolder } from './state/objects.ts'
import { parseManifest } from './tree/manifest.ts'
import type { DifferenceKind, Plan } from './tree/plan.ts'
import { planOther } from './two-roots/prepare.ts'
import { findRoots, nodeOf, runningRoot } from './two-roots/roots.ts'

/** One path that a run would change. */
export interface PlannedChange {
  readonly path: string
  readonly change: 'write' | 'remove' | 'metadata'
  readonly kinds: readonly DifferenceKind[]
  /** Bytes of the file to be written. */
  readonly bytes: number
  /** Whose it is in the image it comes with, or for what is removed in the image it goes with. */
  readonly owner?: string
}

/** What the next run would do. */
export interface Preview {
  readonly statement: number
  readonly from: Digest | null
  readonly to: Digest
  /** When the node goes to the channel's next image, though its wave is open already: ISO 8601, UTC. */
  readonly waitsUntil: string | null
  readonly held: Held | null
  /** The node went back from `to` and does not go there. */
  readonly refused: boolean
  /** By path. */
  readonly changes: readonly PlannedChange[]
  readonly drift: readonly string[]
  readonly blocked: readonly string[]
  readonly bytesToFetch: number
  readonly bytesToWrite: number
  /** Names of triggers that would run, in their order. */
  readonly triggers: { readonly before: readonly string[]; readonly after: readonly string[] }
  /** What would have to hold then; null when nothing would be checked. */
  readonly health: HealthChecks | null
}

/**
 * What a run would do now: statement, decision, plan. Changes nothing but what the state directory keeps of images and of the trust
 * metadata; neither root, server, nor what the node claims.
 * @throws AGENT_*, OBJECT_*, DISK_FULL, what `trust` throws
 */
export async function previewRun(
  options: Patience & {
    readonly state: string
    readonly progress?: Progress
    /** Milliseconds since the epoch. */
    readonly now: () => number
  },
): Promise<Preview> {
  const { state, now, progress = silent } = options
  const config = readConfig(state)
  using _lock = await lockStateWhenFree(state)
  const { roots } = config
  const two = roots && findRoots(state, { ...config, roots })
  const node = two ? nodeOf(two) : readNodeState(state)
  const statement = await currentStatement(options, config, node)
  const { target, waitsUntil } = decide(statement, { id: config.node, labels: config.labels }, new Date(now()))
  const refused = readRefused(state)
  const site = openSite({ mirrors: openMirrors(config.sites, options), ...patience(options) })
  const common = { site, target, overrides: overriddenGlobs(state), rehash: false, progress, now }
  // Of two roots the other one, unless the running one is at the image.
  const other = two && two.running && node.image === target.image ? undefined : two
  const there = other && (await planOther({ ...common, state, roots: other }))
  const running = runningRoot(state, config)
  const folders = there?.folders ?? objectFolders(running.state)
  const { kept } = folders
  const place = { state: running.state, root: running.directory, from: node.image }
  const work = there?.work ?? (await planSync({ ...common, ...place, atRest: false }, folders))
  const { plan, manifest } = work
  const moves = node.image !== null && node.image !== target.image
  const before = node.image === null ? undefined : kept.read(node.image)
  const owners = {
    to: await ownersOf(manifest.owners, kept, site),
    from: before && moves ? await ownersOf(parseManifest(before).owners, kept, site) : undefined,
  }
  const { wanted, bytesToWrite } = wantedOf(plan, folders.staged, [
    previousObjects(running.state),
    ...(there?.source ? [fileDigests(there.source.ideal)] : []),
  ])
  return {
    statement: statement.number,
    from: node.image,
    to: target.image,
    waitsUntil: waitsUntil ?? null,
    held: readHeld(state) ?? null,
    refused: refused?.image === target.image && refused.statement === statement.number,
    changes: changesOf(plan, owners),
    drift: plan.drift,
    blocked: plan.blocked,
    bytesToFetch: await work.packs.cost(wanted),
    bytesToWrite,
    triggers: { before: work.before.map(({ name }) => name), after: work.after.map(({ name }) => name) },
    health: (moves && manifest.health) || null,
  }
}

/** What a plan has to fetch: what is neither staged, nor in the root, nor to be had `elsewhere` on this machine. */
function wantedOf(
  plan: Plan,
  staged: ObjectFolder,
  elsewhere: readonly { readonly has: (digest: Digest, size: number) => boolean }[],
): { readonly wanted: ReadonlySet<Digest>; readonly bytesToWrite: number } {
  const wanted = new Set<Digest>()
  let bytesToWrite = 0
  for (const { entry } of plan.leaves) {
    if (entry.type !== 'file') continue
    const { digest, size } = entry
    bytesToWrite += size
    if (plan.held.has(digest) || staged.has(digest, size)) continue
    if (!elsewhere.some((place) => place.has(digest, size))) wanted.add(digest)
  }
  return { wanted, bytesToWrite }
}

function changesOf(plan: Plan, owners: { readonly to: OwnerOf; readonly from: OwnerOf | undefined }): PlannedChange[] {
  const sizes = new Map(plan.leaves.map(({ path, entry }) => [path, entry.type === 'file' ? entry.size : 0]))
  const made = new Set(plan.directories.map(({ path }) => path))
  return plan.differences.flatMap(({ path, kinds }) => {
    // A directory's own mtime follows from what changes in it.
    if (kinds.join() === 'mtime' && !plan.metadata.some((work) => work.path === path)) return []
    const owner = owners.to(path) ?? owners.from?.(path)
    const change = kinds.includes('extra') ? 'remove' : sizes.has(path) || made.has(path) ? 'write' : 'metadata'
    return [{ path, change, kinds, bytes: sizes.get(path) ?? 0, ...(owner === undefined ? {} : { owner }) }]
  })
}
