import type { Comment } from '@holotype/server/api'
import type { DiffItem } from '../lib/diff-items.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { Text } from '../ui/text.tsx'
import { RISK, StatusWord } from '../ui/word.tsx'
import { Comments } from './comments.tsx'
import { FileDetail } from './file-detail.tsx'
import { PackageDetail } from './package-detail.tsx'

interface ChangeDetailProps {
  readonly item: DiffItem
  readonly comments: readonly Comment[]
  readonly reviewed: boolean
  readonly onToggle: () => void
  readonly onClose: () => void
}

/** One change in full: why it has its risk, then what it is. */
export function ChangeDetail({ item, comments, reviewed, onToggle, onClose }: ChangeDetailProps) {
  const name = item.kind === 'package' ? item.change.name : item.change.path
  const about = `${item.kind}:${name}`
  return (
    <>
      <header className="detail-head">
        <h2>
          <Text>{name}</Text>
        </h2>
        <CopyButton value={name} label="Copy the name" />
        <button type="button" className="button" aria-pressed={reviewed} onClick={onToggle}>
          {reviewed ? 'Reviewed' : 'Mark reviewed'}
        </button>
        <button type="button" className="button quiet" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      <div className="detail-body">
        <p className="detail-line">
          <StatusWord of={RISK[item.change.risk]}>{`${RISK[item.change.risk].word} risk`}</StatusWord>
          <span>{item.change.change}</span>
        </p>
        {item.change.reasons.length === 0 ? null : (
          <ul className="reasons">
            {item.change.reasons.map((reason) => (
              <li key={reason}>
                <Text>{reason}</Text>
              </li>
            ))}
          </ul>
        )}
        <Comments comments={comments.filter((comment) => comment.item === about)} items={false} />
        {item.kind === 'package' ? (
          <PackageDetail key={item.key} change={item.change} />
        ) : (
          <FileDetail key={item.key} change={item.change} />
        )}
      </div>
    </>
  )
}
