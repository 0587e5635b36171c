import type { Digest } from '@holotype/base'
import { type Dependencies, formatOf, type FormatName } from '@holotype/formats'
import { candidatesOf } from '@holotype/repository'
import { type Lock, type LockedPackage, lockPackage, type Resolution, resolve } from '@holotype/solver'
import type { Store } from '@holotype/store'

/** A snapshot that packages may come from. Of two that offer a package, the one with the higher priority wins, before any version. */
export interface LockSource {
  readonly name: string
  readonly digest: Digest
  readonly priority: number
}

export interface MakeLockOptions {
  readonly store: Store
  readonly image: string
  readonly format: FormatName
  readonly architecture: string
  readonly sources: readonly LockSource[]
  readonly install: readonly string[]
  readonly recommends?: boolean
  readonly exclude?: readonly string[]
  readonly extra?: Dependencies
  /** An earlier lock's packages, kept wherever they still fit. */
  readonly locked?: readonly LockedPackage[]
}

/**
 * Resolves what an image asks for against snapshots, into a lock. Deterministic: same snapshots and request, same lock.
 * @throws RESOLVE_CONFLICT, RESOLVE_UNKNOWN_PACKAGE, OBJECT_MISSING (a snapshot that is not in the store)
 */
export function makeLock(options: MakeLockOptions): { readonly lock: Lock; readonly why: Resolution['why'] } {
  const { store, format, architecture, sources } = options
  const resolution = resolve({
    format: formatOf(format),
    architecture,
    subject: options.image,
    install: options.install,
    candidates: sources.flatMap((source) => candidatesOf(store, source.digest, source.name, source.priority)),
    ...(options.recommends === undefined ? {} : { recommends: options.recommends }),
    ...(options.exclude ? { exclude: options.exclude } : {}),
    ...(options.extra ? { extra: options.extra } : {}),
    ...(options.locked ? { locked: options.locked } : {}),
  })
  const lock: Lock = {
    schema: 'holotype.lock/1',
    image: options.image,
    format,
    architecture,
    snapshots: Object.fromEntries(sources.map((source) => [source.name, source.digest])),
    packages: resolution.packages.map(lockPackage),
  }
  return { lock, why: resolution.why }
}
