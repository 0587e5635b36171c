import type { Status } from '@holotype/server/api'
import { Ago } from '../ui/ago.tsx'
import { Text } from '../ui/text.tsx'

/** When each source was last heard of: "nothing" only means something if one knows who was asked. */
export function Checked({ checked }: { readonly checked: Status['checked'] }) {
  if (checked.length === 0) return null
  return (
    <dl className="checked" aria-label="When each source was last heard of">
      <div>
        <dt>Last heard</dt>
        <dd className="visually-hidden">of each source:</dd>
      </div>
      {checked.map((source) => (
        <div key={source.source}>
          <dt>
            <Text>{source.source}</Text>
          </dt>
          <dd>
            <Ago time={source.time} never="never heard of" />
          </dd>
        </div>
      ))}
    </dl>
  )
}
