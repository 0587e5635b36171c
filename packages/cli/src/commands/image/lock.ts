import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { formatBytes, isErrorCode, renderPairs, runTask } from '@holotype/base'
import { type ImageSpec, imageOf, lockPathOf } from '@holotype/distribution'
import { heldCandidates, type MadeLock, makeLock, refuseMissingSonames } from '@holotype/image'
import { fetchPackages, openFetcher } from '@holotype/repository'
import { type Lock, type Policy, type Presence, readLock, why, whyNot, writeLock } from '@holotype/solver'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count } from '../../view/words.ts'
import { pinsWith } from '../../work/pins.ts'
import { architectureOfDistribution, formatOfDistribution } from '../../work/architecture.ts'
import { askedBy } from '../../work/images.ts'
import { takeSnapshots } from '../../work/upstreams.ts'

export type Flags = CommonFlags & {
  readonly keep: boolean
  readonly minimal: boolean
  readonly allowMissingSonames: boolean
  readonly why?: string
  readonly whyNot?: string
  readonly snapshot?: readonly string[]
}

interface Locked {
  readonly image: string
  readonly path: string
  readonly packages: number
  readonly bytes: number
  readonly fetched: number
  readonly snapshots: Lock['snapshots']
  /** Against the lock before; null: this is the first. */
  readonly changed: {
    readonly added: readonly string[]
    readonly removed: readonly string[]
    readonly moved: readonly string[]
  } | null
}

/** What `--why` and `--why-not` were told, in this order. */
interface Answers {
  readonly image: string
  readonly answers: readonly Presence[]
}

export const exclusive = true

/**
 * Snapshots the upstreams, resolves the image's packages, keeps every package file in the store, and writes the lock last, once every program of
 * it has its libraries. With `--why` or `--why-not` it answers that, and writes nothing.
 * @throws what snapshots, RESOLVE_*, FETCH_*, LOCK_SONAME_MISSING, LOCK_MALFORMED (the lock before), DISK_FULL
 */
export async function run(context: Context, flags: Flags, name: string): Promise<Locked | Answers> {
  const distribution = await context.distribution()
  const spec = imageOf(distribution, name)
  const path = lockPathOf(distribution, name)
  const before = lockBefore(context, { path, needed: flags.keep || flags.minimal || spec.hold.length > 0 })
  const store = await context.store()
  const pins = pinsWith(distribution, store, flags.snapshot ?? [])
  await using fetcher = openFetcher({ signal: context.signal })
  const sources = await takeSnapshots(context, { distribution, fetcher, pins })
  const made = await runTask(context.progress, { title: `resolve ${name}` }, async (task) => {
    const policy = policyOf(context, { spec, before, flags })
    const names = policy.locked?.map((locked) => locked.name) ?? []
    const result = makeLock({
      store,
      image: name,
      format: formatOfDistribution(distribution),
      architecture: architectureOfDistribution(distribution),
      sources,
      install: spec.packages,
      recommends: spec.recommends,
      also: before ? await heldCandidates(store, before, { names, sources }) : [],
      ...policy,
    })
    task.note(count(result.lock.packages.length, 'package'))
    return result
  })
  if (flags.why !== undefined || flags.whyNot !== undefined) return { image: name, answers: answer(made, flags) }
  const lock: Lock = { ...made.lock, asked: askedBy(spec) }
  const { bytesFetched } = await fetchPackages({ lock, store, fetcher, progress: context.progress })
  if (!flags.allowMissingSonames)
    await refuseMissingSonames({
      store,
      lock,
      progress: context.progress,
      signal: context.signal,
      ...(before ? { previous: before.packages } : {}),
    })
  await store.flush()
  writeLock(path, lock)
  return {
    image: name,
    path,
    packages: lock.packages.length,
    bytes: lock.packages.reduce((sum, locked) => sum + locked.size, 0),
    fetched: bytesFetched,
    snapshots: lock.snapshots,
    changed: before === undefined ? null : changes(before, lock),
  }
}

/**
 * The lock that is there. What cannot be read, a merge's conflict, is what this command mends: it is written anew as if there were none, unless
 * versions of it are `needed`.
 */
function lockBefore(
  { progress }: Context,
  { path, needed }: { readonly path: string; readonly needed: boolean },
): Lock | undefined {
  if (!existsSync(path)) return undefined
  try {
    return readLock(path, relative(process.cwd(), path))
  } catch (error) {
    if (needed || !isErrorCode(error, 'LOCK_MALFORMED')) throw error
    progress({ kind: 'note', level: 'warning', text: `${error.message}\nit is written anew` })
    return undefined
  }
}

interface Wishes {
  readonly spec: ImageSpec
  readonly before: Lock | undefined
  readonly flags: Flags
}

/** What an image and the flags want of versions. What is held for the first time is chosen anew, and stays from then on. */
function policyOf({ progress }: Context, { spec, before, flags }: Wishes): Policy {
  const locked = before?.packages ?? []
  const isLocked = (held: string) => locked.some((item) => item.name === held)
  const unlocked = spec.hold.filter((held) => !isLocked(held))
  for (const held of unlocked)
    progress({ kind: 'note', level: 'warning', text: `${held} is held, but the lock before does not have it` })
  const held = spec.hold.filter(isLocked)
  return {
    exclude: spec.exclude,
    pinned: Object.entries(spec.pin).map(([name, pin]) =>
      typeof pin === 'string' ? { name, version: pin } : { name, ...definedOf(pin) },
    ),
    held,
    locked: flags.keep || flags.minimal ? locked : locked.filter(({ name }) => held.includes(name)),
    minimalChange: flags.minimal,
  }
}

function definedOf({ version, from }: { readonly version?: string | undefined; readonly from?: string | undefined }) {
  return { ...(version === undefined ? {} : { version }), ...(from === undefined ? {} : { from }) }
}

/** A package that is not in is explained by why not, whichever was asked; and the other way round. */
function answer({ resolution, request }: MadeLock, flags: Flags): Presence[] {
  return [flags.why, flags.whyNot].flatMap((wanted) => {
    if (wanted === undefined) return []
    return [why(resolution, wanted) ?? whyNot(request, resolution, wanted)]
  })
}

function changes(before: Lock, after: Lock): Locked['changed'] {
  const versions = (lock: Lock) =>
    new Map(lock.packages.map(({ name, architecture, version }) => [`${name}:${architecture}`, version]))
  const [old, now] = [versions(before), versions(after)]
  return {
    added: [...now.keys()].filter((key) => !old.has(key)),
    removed: [...old.keys()].filter((key) => !now.has(key)),
    moved: [...now].filter(([key, version]) => old.has(key) && old.get(key) !== version).map(([key]) => key),
  }
}

export function show(locked: Locked | Answers, view: View): string {
  return 'answers' in locked ? showAnswers(locked, view) : showLocked(locked, view)
}

function showAnswers({ image, answers }: Answers, { paint }: View): string {
  return answers
    .map(({ name, present, version, chain }) => {
      const state = present || version !== undefined ? 'is in' : 'is not in'
      const as = present || version === undefined ? '' : ` as ${version}`
      return [`${paint.bold(name)} ${state} ${image}${as}`, ...chain.map((link) => `  ${link}`)].join('\n')
    })
    .join('\n\n')
}

function showLocked(locked: Locked, { paint }: View): string {
  const { changed } = locked
  return renderPairs(
    [
      ['locked', paint.bold(`${locked.image}: ${count(locked.packages, 'package')}, ${formatBytes(locked.bytes)}`)],
      ['written', locked.path],
      ...(changed === null
        ? []
        : [
            [
              'lock before',
              `${changed.added.length} added, ${changed.removed.length} removed, ${changed.moved.length} at another version`,
            ] as const,
          ]),
      ['fetched', locked.fetched === 0 ? 'nothing: the store had it all' : formatBytes(locked.fetched)],
    ],
    paint,
  )
}
