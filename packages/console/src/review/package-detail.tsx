import type { PackageChange } from '@holotype/image'
import { counted } from '../lib/format.ts'
import { LongText } from '../ui/long-text.tsx'
import { Text } from '../ui/text.tsx'

/** Changelog entries that lie open at first. */
const OPEN_ENTRIES = 3

/** A package: versions, the CVEs its changelog names, the changelog between the versions. */
export function PackageDetail({ change }: { readonly change: PackageChange }) {
  return (
    <>
      <dl className="detail-facts">
        <dt>Version</dt>
        <dd>
          {change.from === undefined ? null : <Text className="version-from">{change.from}</Text>}
          {change.from !== undefined && change.to !== undefined ? ' → ' : null}
          {change.to === undefined ? null : <Text>{change.to}</Text>}
        </dd>
        <dt>Source</dt>
        <dd>
          <Text>{change.source}</Text>, <Text>{change.architecture}</Text>
        </dd>
      </dl>
      {change.cves.length === 0 ? null : (
        <details open>
          <summary>{counted(change.cves.length, 'CVE')} named in the changelog</summary>
          <ul className="cves">
            {change.cves.map((cve) => (
              <li key={cve}>
                <code>
                  <Text>{cve}</Text>
                </code>
              </li>
            ))}
          </ul>
        </details>
      )}
      {change.changelog.length === 0 ? (
        <p className="muted">
          {change.change === 'upgraded' || change.change === 'downgraded'
            ? 'Its changelog stands with another package of the same source, or is not in the package.'
            : 'No changelog between two versions.'}
        </p>
      ) : (
        <section aria-label="Changelog">
          <h3>Changelog</h3>
          {change.changelog.map((entry, index) => (
            <details key={entry.version} open={index < OPEN_ENTRIES}>
              <summary>
                <Text className="entry-version">{entry.version}</Text> <Text>{entry.distribution}</Text>
                {entry.urgency === '' ? null : (
                  <>
                    , urgency <Text>{entry.urgency}</Text>
                  </>
                )}
              </summary>
              <LongText text={entry.text} label={`Changelog of ${entry.version}`} />
              <p className="muted entry-author">
                <Text>{entry.author}</Text>, <Text>{entry.date}</Text>
              </p>
            </details>
          ))}
        </section>
      )}
    </>
  )
}
