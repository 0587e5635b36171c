import type { Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { frozenBootOrder } from '../boot/boot-order.ts'
import { bootChangeLines, compareBoot } from '../boot/compare-boot.ts'
import { findHazards } from '../hazards/find-hazards.ts'
import type { HazardRule } from '../hazards/rule.ts'
import type { FileChange, ImageDiff, NodeChange, PackageChange } from '../types.ts'
import { advisoryChanges, type KnownAdvisory } from './advisories.ts'
import { compareCves, openChangelogs } from './changelogs.ts'
import { fileChanges } from './file-changes.ts'
import { changesPrivilege } from './file-risk.ts'
import { REASONS_FROM_FILES } from './limits.ts'
import { nodeChanges } from './node-changes.ts'
import { packageChanges } from './package-changes.ts'
import { readImage } from './read-image.ts'
import { readOnce } from './read-once.ts'
import { type Concern, compareRisk } from './risk.ts'
import { lostSonames } from './sonames.ts'

export interface DiffOptions {
  /** Of the distribution (`readHazardRules`), before those that are shipped. */
  readonly hazardRules?: readonly HazardRule[]
  /** Of the images' format and release. Without them only the CVE ids that changelogs name are known. */
  readonly advisories?: readonly KnownAdvisory[]
}

/**
 * What changes from one image to another, by risk: what nodes are to do, packages with their changelogs and CVEs, files with modes, owners,
 * capabilities and text. The diff is stored as an object: the same two images give the same digest, which is what an approval signs. Both digests name
 * image manifests of the store.
 * @throws IMAGE_MALFORMED, OBJECT_MISSING, OBJECT_CORRUPT, FORMAT_UNKNOWN, DISK_FULL
 */
export function diffImages(
  given: Store,
  from: Digest,
  to: Digest,
  { hazardRules = [], advisories }: DiffOptions = {},
): { readonly digest: Digest; readonly diff: ImageDiff } {
  const store = readOnce(given)
  const before = readImage(store, from)
  const after = readImage(store, to)
  const files = fileChanges(store, before, after)
  const packages = packageChanges(
    { image: before, changelogs: openChangelogs(store, before) },
    { image: after, changelogs: openChangelogs(store, after) },
    concernsByPackage(files),
  )
  const node = from === to ? [] : nodeChanges(store, from, to)
  const isEmpty = files.length === 0 && packages.length === 0
  const bootLines = isEmpty
    ? []
    : bootChangeLines(compareBoot(frozenBootOrder(store, before), frozenBootOrder(store, after)))
  const diff = {
    schema: 'holotype.diff/1',
    from: { image: from, name: before.name },
    to: { image: to, name: after.name },
    summary: { ...summaryOf({ packages, files, node }), bytes: after.bytes - before.bytes },
    // A diff of nothing costs nothing more.
    hazards: isEmpty ? [] : findHazards({ store, before, after }, files, hazardRules),
    ...(bootLines.length === 0 ? {} : { bootOrder: bootLines }),
    sonames: isEmpty ? [] : lostSonames(store, before, after, files),
    ...(advisories === undefined ? {} : { advisories: advisoryChanges(before, after, advisories) }),
    ...(node.length === 0 ? {} : { node }),
    packages,
    files,
  } satisfies ImageDiff
  return { digest: store.putJson(diff), diff }
}

/** High risks of a package's files are its own: who reads only the list of packages must not miss them. */
function concernsByPackage(files: readonly FileChange[]): (name: string) => readonly Concern[] {
  const high = files.filter(({ risk }) => risk === 'high')
  const byOwner = Map.groupBy(high, ({ owner }) => owner)
  return (name) => {
    const own = byOwner.get(`package:${name}`) ?? []
    const concerns = own
      .slice(0, REASONS_FROM_FILES)
      .map(({ risk, path, reasons }) => ({ risk, reason: `${path}: ${reasons[0] ?? ''}` }))
    const rest = own.length - concerns.length
    return rest > 0 ? [...concerns, { risk: 'high', reason: `and ${rest} more files of high risk` }] : concerns
  }
}

interface Changes {
  readonly packages: readonly PackageChange[]
  readonly files: readonly FileChange[]
  readonly node: readonly NodeChange[]
}

function summaryOf({ packages, files, node }: Changes): Omit<ImageDiff['summary'], 'bytes'> {
  const packagesThat = (...kinds: PackageChange['change'][]) =>
    packages.filter(({ change }) => kinds.includes(change)).length
  const filesThat = (kind: FileChange['change']) => files.filter(({ change }) => change === kind).length
  const privileges = files.map(changesPrivilege)
  // What a downgrade names is not fixed but brought back.
  const fixed = packages.filter(({ change }) => change !== 'downgraded').flatMap(({ cves }) => cves)
  return {
    packages: {
      added: packagesThat('added'),
      removed: packagesThat('removed'),
      changed: packagesThat('upgraded', 'downgraded', 'rebuilt'),
    },
    files: {
      added: filesThat('added'),
      removed: filesThat('removed'),
      changed: filesThat('changed'),
      metadata: filesThat('metadata'),
    },
    setuid: privileges.filter(({ setuid }) => setuid).length,
    capabilities: privileges.filter(({ capabilities }) => capabilities).length,
    cves: [...new Set(fixed)].sort(compareCves),
    high: [...node, ...packages, ...files].filter(({ risk }) => compareRisk(risk, 'high') === 0).length,
  }
}
