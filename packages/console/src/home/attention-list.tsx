import type { Attention } from '@holotype/server/api'
import { Ago } from '../ui/ago.tsx'
import { InternalLink } from '../ui/internal-link.tsx'
import { Text } from '../ui/text.tsx'
import { SEVERITY, StatusWord } from '../ui/word.tsx'

/** What one does about each kind. */
const ACTIONS = {
  finding: 'See the findings',
  'rollout-waiting': 'Open the rollout',
  'rollout-failed': 'Open the rollout',
  'approval-needed': 'Review the change',
  'node-failed': 'See the failed run',
  'node-silent': 'Open the node',
  'node-overrides': 'Look at them',
} as const satisfies Record<Attention['kind'], string>

const ORDER = ['high', 'medium', 'low'] as const satisfies readonly Attention['severity'][]

/** What needs a person: the worst first, then the oldest; each with the one thing to do. */
export function AttentionList({ attention }: { readonly attention: readonly Attention[] }) {
  const sorted = attention.toSorted(
    (left, right) =>
      ORDER.indexOf(left.severity) - ORDER.indexOf(right.severity) || Date.parse(left.since) - Date.parse(right.since),
  )
  if (sorted.length === 0) return null
  return (
    <ul className="attention">
      {sorted.map((item) => (
        <li key={`${item.kind} ${item.href} ${item.title}`} className={`attention-item severity-${item.severity}`}>
          <StatusWord of={SEVERITY[item.severity]} />
          <div className="attention-words">
            <Text className="attention-title">{item.title}</Text>
            <Text className="attention-detail">{item.detail}</Text>
          </div>
          <Ago time={item.since} />
          <RowLink item={item} />
        </li>
      ))}
    </ul>
  )
}

function RowLink({ item }: { readonly item: Attention }) {
  return (
    <InternalLink href={item.href} className="button action" row>
      {ACTIONS[item.kind]}
    </InternalLink>
  )
}
