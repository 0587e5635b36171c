import type { AdvisoryChange } from '@holotype/image'
import { LONG_LIST } from '../limits.ts'
import { FirstOf } from '../ui/first-of.tsx'
import { Section } from '../ui/page.tsx'
import { Text } from '../ui/text.tsx'
import { ADVISORY, StatusWord } from '../ui/word.tsx'

/** Advisories that one image is open to and the other is not; what the new image brings stands first. */
export function Advisories({ advisories }: { readonly advisories: readonly AdvisoryChange[] }) {
  if (advisories.length === 0) return null
  return (
    <div id="advisories">
      <Section title="Advisories">
        <FirstOf all={advisories} count={LONG_LIST} noun="advisory" plural="advisories">
          {(shown) => (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            <div className="scroll-x" tabIndex={0} role="region" aria-label="Advisories">
              <table className="grid">
                <thead>
                  <tr>
                    <th scope="col">Change</th>
                    <th scope="col">Advisory</th>
                    <th scope="col">Severity</th>
                    <th scope="col">Package</th>
                    <th scope="col">Versions</th>
                    <th scope="col">Title</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((advisory) => (
                    <Row key={`${advisory.change} ${advisory.id} ${advisory.package}`} advisory={advisory} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </FirstOf>
      </Section>
    </div>
  )
}

function Row({ advisory }: { readonly advisory: AdvisoryChange }) {
  const { change, id, severity, package: name, from, to, title } = advisory
  return (
    <tr>
      <td>
        <StatusWord of={ADVISORY[change]} />
      </td>
      <th scope="row">
        <Text>{id}</Text>
      </th>
      <td>
        <Text>{severity}</Text>
      </td>
      <td>
        <Text>{name}</Text>
      </td>
      <td>
        <Text>{[from, to].filter((version) => version !== undefined).join(' → ')}</Text>
      </td>
      <td className="wrap">
        <Text>{title}</Text>
      </td>
    </tr>
  )
}
