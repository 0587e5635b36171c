import { type DiffItem, itemName } from '../lib/diff-items.ts'
import { commentCommand } from '../lib/command.ts'
import { aboutOf, type Said } from '../lib/review-words.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { Text } from '../ui/text.tsx'
import { RISK, StatusWord } from '../ui/word.tsx'
import { CommandLine } from '../ui/command-line.tsx'
import { CommentList } from './comments.tsx'
import { Facts } from './details.tsx'
import { FileDetail } from './file-detail.tsx'
import { Readers } from './hazards.tsx'
import { PackageDetail } from './package-detail.tsx'

interface ChangeDetailProps {
  readonly digest: string
  readonly item: DiffItem
  readonly said: Said
  readonly reviewed: boolean
  readonly onToggle: () => void
  readonly onClose: () => void
}

/** One change in full: why it has its risk, what was said of it, then what it is. */
export function ChangeDetail({ digest, item, said, reviewed, onToggle, onClose }: ChangeDetailProps) {
  const name = itemName(item)
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
        <Readers readers={said.readers} />
        <CommentList comments={said.comments} />
        <Contents key={item.key} item={item} />
        <p className="say">
          <CommandLine command={commentCommand(digest, aboutOf(item))} digest={digest} what="comments on it" />
        </p>
      </div>
    </>
  )
}

function Contents({ item }: { readonly item: DiffItem }) {
  switch (item.kind) {
    case 'node':
      return (
        <div className="inside">
          <Facts facts={item.change.facts} />
        </div>
      )
    case 'package':
      return <PackageDetail change={item.change} />
    case 'file':
      return <FileDetail change={item.change} />
  }
}
