import type { DiffDocument } from '../api/queries.ts'
import { approveCommand } from '../lib/command.ts'
import { Ago } from '../ui/ago.tsx'
import { DigestText } from '../ui/digest.tsx'
import { LongText } from '../ui/long-text.tsx'
import { Text } from '../ui/text.tsx'
import { REVIEW, StatusWord } from '../ui/word.tsx'
import { CommandLine } from '../ui/command-line.tsx'

interface ApprovalsProps {
  readonly digest: string
  readonly document: Pick<DiffDocument, 'approvals' | 'authors' | 'policy'>
  readonly namers: ReadonlyMap<string, readonly string[]>
}

/** Who made it, who said what, and how to say one's own word. The word is for this digest and nothing else. */
export function Approvals({ digest, document, namers }: ApprovalsProps) {
  const { approvals, authors, policy } = document
  const unnamed = [...namers].filter(([, names]) => names.length === 0).map(([id]) => id)
  return (
    <div className="approvals">
      <p>
        <span className="muted">This change is</span> <DigestText digest={digest} />{' '}
        <span className="muted">and an approval is for exactly this.</span>{' '}
        <CommandLine command={approveCommand(digest, unnamed)} digest={digest} what="approves" />
      </p>
      {authors.length === 0 ? null : (
        <p>
          <span className="muted">Made by</span> <Text>{authors.join(', ')}</Text>
        </p>
      )}
      {approvals.length === 0 ? null : (
        <ul>
          {approvals.map((approval) => (
            <li key={`${approval.actor} ${approval.time}`}>
              <Verdict approval={approval} policy={policy} isAuthor={authors.includes(approval.actor)} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

interface VerdictProps {
  readonly approval: DiffDocument['approvals'][number]
  readonly policy: string
  readonly isAuthor: boolean
}

function Verdict({ approval, policy, isAuthor }: VerdictProps) {
  const { actor, verdict, comment, hazards, proven, evidence, time } = approval
  const notes = [
    ...(isAuthor ? ['who made it'] : []),
    ...(proven ? [] : ['with the operator’s token: no role counts']),
    ...(verdict === 'approved' && approval.policy !== policy ? ['under another policy: void'] : []),
  ]
  return (
    <>
      <StatusWord of={REVIEW[verdict]} /> by <Text className="approval-actor">{actor}</Text> <Ago time={time} />
      {notes.length === 0 ? null : <span className="muted">, {notes.join(', ')}</span>}
      {hazards.length === 0 ? null : (
        <>
          , names <Text>{hazards.join(', ')}</Text>
        </>
      )}
      {comment === '' ? null : (
        <>
          : <Text className="approval-comment">{comment}</Text>
        </>
      )}
      {evidence === '' ? null : (
        <details className="evidence">
          <summary>What it has seen</summary>
          <LongText text={evidence} label={`What ${actor} has seen`} />
        </details>
      )}
    </>
  )
}
