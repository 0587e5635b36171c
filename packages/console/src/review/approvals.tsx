import type { DiffDocument } from '../api/queries.ts'
import { Ago } from '../ui/ago.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { DigestText } from '../ui/digest.tsx'
import { Text } from '../ui/text.tsx'
import { REVIEW, StatusWord } from '../ui/word.tsx'

interface ApprovalsProps {
  readonly digest: string
  readonly document: Pick<DiffDocument, 'approvals' | 'authors' | 'policy'>
}

/** Who said what, and how to say one's own word. The word is for this digest and nothing else. */
export function Approvals({ digest, document }: ApprovalsProps) {
  const { approvals, authors, policy } = document
  const command = `holotype image approve ${digest}`
  return (
    <div className="approvals">
      <p>
        <span className="muted">This change is</span> <DigestText digest={digest} />{' '}
        <span className="muted">and an approval is for exactly this.</span>{' '}
        <span className="approve">
          <code>{command.replace(digest, `sha256:${digest.slice('sha256:'.length, 'sha256:'.length + 12)}…`)}</code>
          <CopyButton value={command} label="Copy the command that approves" />
        </span>
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
              <StatusWord of={REVIEW[approval.verdict]} /> by <Text className="approval-actor">{approval.actor}</Text>{' '}
              <Ago time={approval.time} />
              {approval.verdict === 'approved' && approval.policy !== policy ? ', under another policy: void' : null}
              {approval.hazards.length === 0 ? null : (
                <>
                  , names <Text>{approval.hazards.join(', ')}</Text>
                </>
              )}
              {approval.comment === '' ? null : (
                <>
                  : <Text className="approval-comment">{approval.comment}</Text>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
