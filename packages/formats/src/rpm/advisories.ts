import { posix } from 'node:path'
import type { DeclaredAdvisory, RepositorySettings } from '../repository-writer.ts'
import type { PackageRecord } from '../types.ts'
import type { Advisory, AdvisoryPackage, AdvisoryReference } from './updateinfo.ts'
import { compareVersions } from './version.ts'

/**
 * What a distribution declares, as updateinfo has it: of each source package that is mended, the packages that the repository lists, each in the
 * lowest version that is not below the mended one. dnf takes from an advisory only what is named exactly.
 */
export function advisoriesOf(
  { origin, label, advisories = [] }: RepositorySettings,
  packages: readonly PackageRecord[],
): Advisory[] {
  const bySource = Map.groupBy(packages, ({ source }) => source)
  return advisories.map((declared) => ({
    id: declared.id,
    type: declared.type,
    // Red Hat's words, which dnf's --sec-severity compares as they are written.
    severity: declared.severity === '' ? '' : declared.severity.slice(0, 1).toUpperCase() + declared.severity.slice(1),
    status: 'final',
    from: origin,
    title: declared.title,
    issued: declared.issued,
    updated: declared.updated ?? declared.issued,
    rights: '',
    release: '',
    summary: '',
    description: declared.description,
    solution: '',
    references: referencesOf(declared),
    collections: [{ short: label, name: label, packages: mendedOf(declared, bySource) }],
  }))
}

function referencesOf({ cves, references }: DeclaredAdvisory): AdvisoryReference[] {
  return [
    ...cves.map((id) => ({ type: 'cve', id, href: '', title: id })),
    ...references.map((href) => ({ type: 'other', id: href, href, title: href })),
  ]
}

function mendedOf(
  { fixed }: DeclaredAdvisory,
  bySource: ReadonlyMap<string, readonly PackageRecord[]>,
): AdvisoryPackage[] {
  return Object.entries(fixed).flatMap(([source, version]) => {
    const lowest = new Map<string, PackageRecord>()
    for (const record of bySource.get(source) ?? []) {
      if (record.architecture === 'src' || compareVersions(record.sourceVersion, version) < 0) continue
      const of = `${record.name} ${record.architecture}`
      const other = lowest.get(of)
      if (!other || compareVersions(record.version, other.version) < 0) lowest.set(of, record)
    }
    return [...lowest.values()].map((record) => ({
      name: record.name,
      version: record.version,
      architecture: record.architecture,
      source: `${source}-${record.sourceVersion.replace(/^\d+:/, '')}.src.rpm`,
      filename: posix.basename(record.filename),
      sha256: record.sha256,
    }))
  })
}
