import { type Digest, isDigest, isErrorCode } from '@holotype/base'
import type { FormatName, UpstreamAdvisory } from '@holotype/formats'
import { rulesOf } from '@holotype/formats/rules'
import { snapshotAdvisories } from '@holotype/repository/advisories'
import type { Store } from '@holotype/store'
import type { KnownAdvisory } from '../diff/advisories.ts'
import { readManifest } from '../manifest.ts'

export interface UpstreamAdvisories {
  readonly advisories: readonly KnownAdvisory[]
  /** Snapshots that the locks of the images name and the store lacks: what their publishers say is not known here. */
  readonly missing: readonly Digest[]
}

/**
 * What the upstreams of images say of security problems in their packages: of the snapshots that their locks were made from.
 * @throws IMAGE_MALFORMED, OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED, DISK_FULL
 */
export function upstreamAdvisories(store: Store, images: readonly Digest[]): UpstreamAdvisories {
  const advisories = new Map<string, KnownAdvisory>()
  const missing: Digest[] = []
  const snapshots = new Map<Digest, FormatName>()
  for (const image of images) {
    const { lock, format } = readManifest(store, image)
    for (const snapshot of snapshotsOf(store.readJson(lock))) snapshots.set(snapshot, format)
  }
  for (const [snapshot, format] of snapshots) {
    if (!rulesOf(format).publishesAdvisories) continue
    for (const advisory of known(snapshot))
      for (const one of firstMended(advisory, format)) advisories.set(`${one.id} ${one.package} ${one.fixed}`, one)
  }
  return { advisories: [...advisories.values()], missing }

  function known(snapshot: Digest): readonly UpstreamAdvisory[] {
    try {
      return snapshotAdvisories(store, snapshot)
    } catch (error) {
      if (!isErrorCode(error, 'OBJECT_MISSING')) throw error
      missing.push(snapshot)
      return []
    }
  }
}

/** Of each package the lowest build that an advisory names; of modules each, for they are of several streams. */
function firstMended({ id, title, severity, packages }: UpstreamAdvisory, format: FormatName): KnownAdvisory[] {
  const { compareVersions } = rulesOf(format)
  const lowest = new Map<string, KnownAdvisory>()
  for (const { name, version, ofStream } of packages) {
    const key = ofStream ? `${name} ${version}` : name
    const before = lowest.get(key)?.fixed
    if (before !== undefined && compareVersions(before, version) <= 0) continue
    const said = { id, title, severity, package: name, isBinary: true, fixed: version } as const
    lowest.set(key, ofStream ? { ...said, ofStream } : said)
  }
  return [...lowest.values()]
}

function snapshotsOf(lock: unknown): Digest[] {
  const named: unknown = typeof lock === 'object' && lock !== null ? Reflect.get(lock, 'snapshots') : undefined
  if (typeof named !== 'object' || named === null) return []
  return Object.values(named).filter((value): value is Digest => isDigest(value))
}
