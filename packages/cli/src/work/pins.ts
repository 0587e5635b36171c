import { type Digest, isErrorCode, nearest, shortDigest } from '@holotype/base'
import type { Distribution } from '@holotype/distribution'
import { readSnapshot, type Snapshot } from '@holotype/repository'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { type NamedSnapshot, resolveSnapshot } from './snapshots.ts'

/** The snapshots that are locked from instead of the newest state, by upstream. */
export type Pins = ReadonlyMap<string, Digest>

/** What `holotype.yaml` pins: the same for everyone, until it is changed in git. */
export function pinsOf({ file }: Distribution): Pins {
  const pins = new Map<string, Digest>()
  for (const [name, { snapshot }] of Object.entries(file.upstreams)) if (snapshot) pins.set(name, snapshot)
  return pins
}

/**
 * The pins of one run: those of `holotype.yaml`, and over them the snapshots that are asked for, as `holotype repo diff` names them.
 * @throws NAME_UNKNOWN, NAME_AMBIGUOUS, LOCK_MISSING, LOCK_MALFORMED
 */
export function pinsWith(distribution: Distribution, store: Store, asked: readonly string[]): Pins {
  const pins = new Map(pinsOf(distribution))
  const names = Object.keys(distribution.file.upstreams)
  const over = new Set<string>()
  for (const text of asked) {
    const { upstream, snapshot } = askedSnapshot({ distribution, store, names }, text)
    if (over.has(upstream))
      throw fail('CLI_USAGE', { what: `two snapshots of ${upstream} are asked for; an upstream is locked from one` })
    over.add(upstream)
    pins.set(upstream, snapshot)
  }
  return pins
}

interface Asked {
  readonly distribution: Distribution
  readonly store: Store
  readonly names: readonly string[]
}

/** `before`, or with the upstream before it, `debian=before`. */
function askedSnapshot({ distribution, store, names }: Asked, text: string): NamedSnapshot {
  const at = text.indexOf('=')
  const named = at < 0 ? undefined : text.slice(0, at)
  const found = resolveSnapshot({ distribution, store, upstream: named }, text.slice(at + 1))
  const upstream = named ?? found.upstream
  if (names.includes(upstream)) return { upstream, snapshot: found.snapshot }
  const near = nearest(upstream, names)
  throw fail('NAME_UNKNOWN', {
    what: `no upstream is called ${upstream}${near === undefined ? '' : `; did you mean ${near}?`}`,
    hint: `the upstreams of this distribution: ${names.join(', ')}`,
  })
}

export interface PinnedUpstream {
  readonly name: string
  readonly digest: Digest
  readonly format: Snapshot['format']
  readonly architecture: string
}

/**
 * A pinned snapshot, whole in this store and fit for its upstream.
 * @throws SNAPSHOT_MISSING, SNAPSHOT_UNFIT, SNAPSHOT_MALFORMED, OBJECT_CORRUPT
 */
export function readPinned(store: Store, { name, digest, format, architecture }: PinnedUpstream): Snapshot {
  const what = `the upstream ${name} is pinned to the snapshot ${shortDigest(digest)}`
  const snapshot = readWhole(store, digest)
  if (!snapshot) throw fail('SNAPSHOT_MISSING', { what: `${what}, which this machine does not have` })
  if (snapshot.name !== name) throw fail('SNAPSHOT_UNFIT', { what: `${what}, which is one of ${snapshot.name}` })
  if (snapshot.format === format && snapshot.architecture === architecture) return snapshot
  throw fail('SNAPSHOT_UNFIT', {
    what: `${what}, which is of ${snapshot.format} for ${snapshot.architecture}; it must be of ${format} for ${architecture}`,
  })
}

/** Undefined if it, or an index of it, is not in the store. */
function readWhole(store: Store, digest: Digest): Snapshot | undefined {
  try {
    const snapshot = readSnapshot(store, digest)
    const indexes = snapshot.suites.flatMap((suite) => suite.indexes)
    const advisories = snapshot.suites.flatMap((suite) => suite.advisories ?? [])
    return [...indexes.map(({ digest: one }) => one), ...advisories].every((one) => store.has(one))
      ? snapshot
      : undefined
  } catch (error) {
    if (isErrorCode(error, 'OBJECT_MISSING')) return undefined
    throw error
  }
}
