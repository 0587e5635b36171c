import type { Finding } from '@holotype/server/api'
import { Text } from '../ui/text.tsx'
import { StatusWord, type Word } from '../ui/word.tsx'

const KINDS = {
  'unauthorized-package': { shape: 'triangle', tone: 'bad', word: 'Not in the image' },
  'missing-package': { shape: 'ring', tone: 'warn', word: 'Missing' },
  'wrong-version': { shape: 'diamond', tone: 'warn', word: 'Other version' },
} as const satisfies Record<Finding['kind'], Word>

/** How the node's packages differ from its image's. */
export function FindingTable({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">Finding</th>
          <th scope="col">Package</th>
          <th scope="col">Installed</th>
          <th scope="col">In the image</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((finding) => (
          <tr key={`${finding.kind} ${finding.package} ${finding.architecture}`}>
            <td>
              <StatusWord of={KINDS[finding.kind]} />
            </td>
            <th scope="row">
              <Text>{finding.package}</Text> <Text className="muted">{finding.architecture}</Text>
            </th>
            <td>
              {finding.installed === undefined ? (
                <span className="muted">not installed</span>
              ) : (
                <Text>{finding.installed}</Text>
              )}
            </td>
            <td>
              {finding.expected === undefined ? (
                <span className="muted">not there</span>
              ) : (
                <Text>{finding.expected}</Text>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
