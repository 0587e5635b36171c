import type { Digest } from '@holotype/base'
import { type Dependencies, formatOf, type FormatName } from '@holotype/formats'
import { offersOf } from '@holotype/repository'
import {
  type Candidate,
  type Lock,
  lockPackage,
  type Policy,
  prepareUniverse,
  type Resolution,
  resolve,
  type ResolveRequest,
} from '@holotype/solver'
import type { Store } from '@holotype/store'

/** A snapshot that packages may come from. Of two that offer a package, the one with the higher priority wins, before any version. */
export interface LockSource {
  readonly name: string
  readonly digest: Digest
  readonly priority: number
}

export interface MakeLockOptions extends Policy {
  readonly store: Store
  readonly image: string
  readonly format: FormatName
  readonly architecture: string
  readonly sources: readonly LockSource[]
  readonly install: readonly string[]
  readonly recommends?: boolean
  readonly extra?: Dependencies
  /** What may be chosen besides: `heldCandidates`. */
  readonly also?: readonly Candidate[]
}

export interface MadeLock {
  readonly lock: Lock
  readonly resolution: Resolution
  /** What was resolved: for `whyNot`. */
  readonly request: ResolveRequest
}

/**
 * Resolves what an image asks for against snapshots, into a lock. Deterministic: same snapshots and request, same lock.
 * @throws RESOLVE_CONFLICT, RESOLVE_UNKNOWN_PACKAGE, RESOLVE_REQUEST, RESOLVE_LIMIT, OBJECT_MISSING (a snapshot that is not in the store)
 */
export function makeLock(options: MakeLockOptions): MadeLock {
  const { image, format, architecture, sources } = options
  const request = lockRequest(options)
  const resolution = resolve(request)
  const lock: Lock = {
    schema: 'holotype.lock/1',
    image,
    format,
    architecture,
    snapshots: Object.fromEntries(sources.map((source) => [source.name, source.digest])),
    packages: resolution.packages.map(lockPackage),
  }
  return { lock, resolution, request }
}

/** The request that `makeLock` resolves. @throws OBJECT_MISSING (a snapshot that is not in the store) */
function lockRequest(options: MakeLockOptions): ResolveRequest {
  const { store, image, format: name, architecture, sources, extra, recommends = false, also = [], ...asked } = options
  const format = formatOf(name)
  const offers = sources.map((source) => offersOf(store, source.digest, source.name, source.priority))
  const candidates = prepareUniverse({
    format,
    architecture,
    candidates: [...offers.flatMap((offer) => offer.candidates), ...also],
    catalogues: offers.flatMap((offer) => offer.catalogues),
  })
  return { ...asked, format, architecture, candidates, recommends, subject: image, ...(extra ? { extra } : {}) }
}
