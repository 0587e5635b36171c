import { existsSync } from 'node:fs'
import { type Digest, isDigest, nearest } from '@holotype/base'
import { type Distribution, lockPathOf, OWN_NAME } from '@holotype/distribution'
import { readSnapshot, takenSnapshots } from '@holotype/repository'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { imageNames, lockOf } from './images.ts'

/** A snapshot that a text means, and the upstream it is of. */
export interface NamedSnapshot {
  readonly upstream: string
  readonly snapshot: Digest
}

interface Known {
  readonly distribution: Distribution
  readonly store: Store
  /** The upstream that is meant where the text leaves it open; absent or undefined: any. */
  readonly upstream?: string | undefined
}

/** Which images' locks name which snapshot. @throws LOCK_MALFORMED */
export function locksBySnapshot({ distribution }: Known): ReadonlyMap<Digest, readonly LockOfSnapshot[]> {
  const found = new Map<Digest, LockOfSnapshot[]>()
  for (const image of imageNames(distribution)) {
    if (!existsSync(lockPathOf(distribution, image))) continue
    for (const [upstream, snapshot] of Object.entries(lockOf(distribution, image).snapshots))
      found.set(snapshot, [...(found.get(snapshot) ?? []), { image, upstream }])
  }
  return found
}

export interface LockOfSnapshot {
  readonly image: string
  readonly upstream: string
}

/**
 * The snapshot that a text means: a name, a digest or its beginning, `latest` (as last taken here), `IMAGE.lock` (what that lock was resolved
 * from); with several upstreams `latest:UPSTREAM`, `IMAGE.lock:UPSTREAM`.
 * @throws NAME_UNKNOWN, NAME_AMBIGUOUS, LOCK_MISSING, LOCK_MALFORMED
 */
export function resolveSnapshot(known: Known, text: string): NamedSnapshot {
  const found = meaningsOf(known, text)
  const [first, ...others] = found
  if (first && others.length === 0) return first
  throw ambiguous(text, found)
}

/** Two snapshots to compare: where a text leaves the upstream open, it is that of the other. @throws as {@link resolveSnapshot} */
export function resolvePair(known: Known, before: string, after: string): readonly [NamedSnapshot, NamedSnapshot] {
  const [olds, news] = [meaningsOf(known, before), meaningsOf(known, after)]
  const [old, now] = [olds[0], news[0]]
  if (old && now && olds.length === 1 && news.length === 1) return [old, now]
  const pairs = olds.flatMap((a) => news.filter((b) => b.upstream === a.upstream).map((b) => [a, b] as const))
  if (pairs[0] && pairs.length === 1) return pairs[0]
  throw ambiguous(olds.length > 1 ? before : after, olds.length > 1 ? olds : news)
}

function ambiguous(text: string, found: readonly NamedSnapshot[]): Error {
  const named = [...new Set(found.map(({ upstream }) => upstream))]
  return fail('NAME_AMBIGUOUS', {
    what: `${text} means ${found.length} snapshots, of ${named.join(', ')}`,
    hint: `name the upstream too: ${text}:${named[0] ?? 'UPSTREAM'}`,
  })
}

/** Everything that a text may mean, at least one. */
function meaningsOf(known: Known, text: string): NamedSnapshot[] {
  const { store, distribution } = known
  if (isDigest(text)) return [{ upstream: readSnapshot(store, text).name, snapshot: text }]
  const [word = '', upstream = known.upstream] = text.split(':')
  const notes = takenSnapshots(store)
  const named = notes.find(({ name }) => name === text)
  if (named) return [named]
  if (word === 'latest') return latest(known, upstream)
  const image = imageNames(distribution).find((name) => word === `${name}.lock`)
  if (image !== undefined) return ofLock(known, image, upstream)
  const byDigest = byPrefix(known, text)
  if (byDigest.length > 0) return byDigest
  const names = notes.flatMap(({ name }) => (name === null ? [] : [name]))
  const near = nearest(text, [...names, ...imageNames(distribution).map((name) => `${name}.lock`), 'latest'])
  throw fail('NAME_UNKNOWN', {
    what: `no snapshot is called ${text}${near === undefined ? '' : `; did you mean ${near}?`}`,
    hint: 'see `holotype repo list`',
  })
}

function latest({ store }: Known, upstream: string | undefined): NamedSnapshot[] {
  const found = new Map(takenSnapshots(store).map((note) => [note.upstream, note]))
  const wanted = [...found.values()].filter((note) => upstream === undefined || note.upstream === upstream)
  if (wanted.length > 0) return wanted
  throw fail('NAME_UNKNOWN', {
    what: `no snapshot ${upstream === undefined ? '' : `of ${upstream} `}was taken here`,
    hint: 'take one: `holotype repo snapshot UPSTREAM`',
  })
}

function ofLock({ distribution }: Known, image: string, upstream: string | undefined): NamedSnapshot[] {
  const all = Object.entries(lockOf(distribution, image).snapshots)
  const found = all
    .filter(([name]) => (upstream === undefined ? name !== OWN_NAME || all.length === 1 : name === upstream))
    .map(([name, snapshot]) => ({ upstream: name, snapshot }))
  if (found.length > 0) return found
  throw fail('NAME_UNKNOWN', {
    what: `the lock of ${image} has no snapshot of ${upstream ?? ''}; it has ${all.map(([name]) => name).join(', ')}`,
  })
}

function byPrefix(known: Known, text: string): NamedSnapshot[] {
  const prefix = text.replace(/^sha256:/, '')
  if (!/^[0-9a-f]{8,64}$/.test(prefix)) return []
  const found = new Map<Digest, NamedSnapshot>()
  for (const note of takenSnapshots(known.store)) found.set(note.snapshot, note)
  for (const [snapshot, [lock]] of locksBySnapshot(known))
    if (lock) found.set(snapshot, { upstream: lock.upstream, snapshot })
  return [...found.values()].filter(({ snapshot }) => snapshot.startsWith(`sha256:${prefix}`))
}
