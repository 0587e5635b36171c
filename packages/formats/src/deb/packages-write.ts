import { compareText } from '@holotype/base'
import { renderStanza } from './control.ts'
import type { PublishedPackage } from './repository-read.ts'
import { compareVersions } from './version.ts'

/** A Packages index's text: the packages sorted by name, version and architecture, each with its control fields and where its file is. */
export function renderPackages(packages: readonly PublishedPackage[]): string {
  return packages
    .toSorted(
      ({ record: a }, { record: b }) =>
        compareText(a.name, b.name) ||
        compareVersions(a.version, b.version) ||
        compareText(a.version, b.version) ||
        compareText(a.architecture, b.architecture),
    )
    .map(({ record, fields }) =>
      renderStanza([
        ...fields.filter(([name]) => !/^(filename|size|sha256)$/i.test(name)),
        ['Filename', record.filename],
        ['Size', String(record.size)],
        ['SHA256', record.sha256],
      ]),
    )
    .join('\n')
}
