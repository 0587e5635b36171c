import { compareText } from '@holotype/base'
import { canonicalSet, type PackageSetEntry } from './set.ts'

export type FindingKind = 'unauthorized-package' | 'missing-package' | 'wrong-version'

/** A difference that matters between what a node has and what its baseline names. */
export interface Finding {
  readonly kind: FindingKind
  readonly package: string
  readonly architecture: string
  /** The installed version; absent for a missing package. */
  readonly installed?: string
  /** The version the baseline names; absent for an unauthorized package. */
  readonly expected?: string
}

/** How the formats write "for every architecture": deb, rpm, alpm, xbps. */
const INDEPENDENT = new Set(['all', 'noarch', 'any'])

/**
 * Compares an installed set with a baseline, per name and architecture: `libc6:i386` is unauthorized on a node whose baseline has
 * `libc6:amd64` alone. Of one name and architecture, versions only one side has are matched in order as wrong versions; what is left over
 * is unauthorized or missing. A package that became architecture-independent, or ceased to be, with another version is one wrong version
 * rather than two findings. Empty exactly when both sets are equal. Sorted by package, architecture, kind, version; cost is linear but
 * for the sorting.
 */
export function findingsOf(installed: readonly PackageSetEntry[], baseline: readonly PackageSetEntry[]): Finding[] {
  const extra = without(installed, baseline)
  const lacking = without(baseline, installed)
  const findings: Finding[] = []
  match(extra, lacking, sameArchitecture, findings)
  match(extra, lacking, crossesIndependence, findings)
  for (const entry of extra) findings.push(unauthorized(entry))
  for (const entry of lacking) findings.push(missing(entry))
  return findings.sort(compareFindings)
}

function unauthorized({ name, architecture, version }: PackageSetEntry): Finding {
  return { kind: 'unauthorized-package', package: name, architecture, installed: version }
}

function missing({ name, architecture, version }: PackageSetEntry): Finding {
  return { kind: 'missing-package', package: name, architecture, expected: version }
}

/** The entries of `from`, in canonical order, that `other` has not. */
function without(from: readonly PackageSetEntry[], other: readonly PackageSetEntry[]): Set<PackageSetEntry> {
  const known = new Set(other.map(keyOf))
  return new Set(canonicalSet(from).filter((entry) => !known.has(keyOf(entry))))
}

function keyOf(entry: PackageSetEntry): string {
  return JSON.stringify([entry.name, entry.architecture, entry.version])
}

/** Takes pairs of one name for which `pairs` holds out of both sets and reports each as a wrong version. */
function match(
  extra: Set<PackageSetEntry>,
  lacking: Set<PackageSetEntry>,
  pairs: (installed: PackageSetEntry, expected: PackageSetEntry) => boolean,
  findings: Finding[],
): void {
  const byName = Map.groupBy(lacking, (entry) => entry.name)
  for (const entry of extra) {
    const partner = byName.get(entry.name)?.find((candidate) => lacking.has(candidate) && pairs(entry, candidate))
    if (!partner) continue
    extra.delete(entry)
    lacking.delete(partner)
    findings.push({
      kind: 'wrong-version',
      package: entry.name,
      architecture: entry.architecture,
      installed: entry.version,
      expected: partner.version,
    })
  }
}

function sameArchitecture(a: PackageSetEntry, b: PackageSetEntry): boolean {
  return a.architecture === b.architecture
}

function crossesIndependence(a: PackageSetEntry, b: PackageSetEntry): boolean {
  return a.version !== b.version && INDEPENDENT.has(a.architecture) !== INDEPENDENT.has(b.architecture)
}

function compareFindings(a: Finding, b: Finding): number {
  return (
    compareText(a.package, b.package) ||
    compareText(a.architecture, b.architecture) ||
    compareText(a.kind, b.kind) ||
    compareText(a.installed ?? '', b.installed ?? '') ||
    compareText(a.expected ?? '', b.expected ?? '')
  )
}
