import type { Risk } from '@holotype/image'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useDeferredValue, useMemo } from 'react'
import type { DiffDocument } from '../api/queries.ts'
import { reviewedCommand } from '../lib/command.ts'
import {
  countKinds,
  countRisks,
  type DiffItem,
  filterItems,
  ITEM_KINDS,
  type ItemKind,
  RISKS,
} from '../lib/diff-items.ts'
import { whole } from '../lib/format.ts'
import { aboutOf, type Said } from '../lib/review-words.ts'
import { MARKS_COPIED } from '../limits.ts'
import type { ReviewSearch } from '../search.ts'
import { Choice } from '../ui/choice.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { useKeys } from '../ui/keys.ts'
import { SearchField } from '../ui/search-field.tsx'
import { Empty } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { useHeight } from '../ui/use-height.ts'
import { RISK, StatusWord } from '../ui/word.tsx'
import { ChangeDetail } from './change-detail.tsx'
import { ChangeList } from './change-list.tsx'
import { useReviewed } from './use-reviewed.ts'

interface ChangesProps {
  readonly digest: string
  /** In reading order. */
  readonly items: readonly DiffItem[]
  readonly said: (about: string) => Said
  /** Everybody's ticks. */
  readonly reviewed: DiffDocument['reviewed']
}

const KIND_WORDS: Readonly<Record<ItemKind, string>> = {
  packages: 'Packages',
  files: 'Files',
  nodes: 'Nodes',
  privileges: 'Privileges',
  boot: 'Kernel and boot',
}

/** The list of changes and, beside it, the selected one in full. */
export function Changes({ digest, items, said, reviewed: ticks }: ChangesProps) {
  const search = useSearch({ from: '/diffs/$digest' })
  const navigate = useNavigate({ from: '/diffs/$digest' })
  const [reviewed, toggle] = useReviewed(digest)
  const change = (part: ReviewSearch): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })

  const [toolbar, toolbarHeight] = useHeight<HTMLDivElement>()
  const kinds = useMemo(() => countKinds(items), [items])
  const ofKind = useMemo(() => filterItems(items, { kind: search.kind }), [items, search.kind])
  const risks = useMemo(() => countRisks(ofKind), [ofKind])
  const q = useDeferredValue(search.q)
  const matching = useMemo(() => filterItems(ofKind, { risk: search.risk, q }), [ofKind, search.risk, q])
  const shown = search.left === undefined ? matching : matching.filter((item) => !reviewed.has(item.key))
  const done = items.reduce((sum, item) => sum + Number(reviewed.has(item.key)), 0)

  const at = shown.findIndex((item) => item.key === search.item)
  const selected = shown[at] ?? items.find((item) => item.key === search.item)
  const select = (index: number): void => {
    const next = shown[Math.min(shown.length - 1, Math.max(0, index))]
    if (next !== undefined) change({ item: next.key })
  }
  /** Marks, and goes to the next: what one does all the way down a list. */
  const mark = (): void => {
    if (selected === undefined) return select(0)
    const wasReviewed = reviewed.has(selected.key)
    toggle(selected.key)
    if (!wasReviewed && at >= 0) select(at + 1)
  }
  useKeys({
    j: () => select(at + 1),
    k: () => select(at < 0 ? 0 : at - 1),
    e: mark,
    Escape: () => change({ item: undefined }),
  })

  return (
    <>
      <div className="toolbar" id="changes" ref={toolbar}>
        <SearchField
          label="Filter the changes"
          placeholder="package, path, trigger, owner, reason, CVE"
          value={search.q ?? ''}
          onChange={(text) => change({ q: text })}
        />
        <Choice<ItemKind | 'all'>
          legend="Kind"
          value={search.kind ?? 'all'}
          options={[
            { value: 'all', label: 'All' },
            ...ITEM_KINDS.filter(
              (kind) => kinds[kind] > 0 || kind === search.kind || kind === 'packages' || kind === 'files',
            ).map((kind) => ({ value: kind, label: `${KIND_WORDS[kind]} ${whole(kinds[kind])}` })),
          ]}
          onChange={(kind) => change({ kind: kind === 'all' ? undefined : kind })}
        />
        <Choice<Risk | 'all'>
          legend="Risk"
          value={search.risk ?? 'all'}
          options={[
            { value: 'all', label: 'Any risk' },
            ...RISKS.map((risk) => ({
              value: risk,
              label: <StatusWord of={RISK[risk]}>{`${RISK[risk].word} ${whole(risks[risk])}`}</StatusWord>,
            })),
          ]}
          onChange={(risk) => change({ risk: risk === 'all' ? undefined : risk })}
        />
        <label className="field">
          <input
            type="checkbox"
            checked={search.left === '1'}
            onChange={(event) => change({ left: event.currentTarget.checked ? '1' : undefined })}
          />
          <span>Only what is left</span>
        </label>
        <span className="toolbar-count">
          <span aria-live="polite">
            {whole(done)} of {whole(items.length)} reviewed
          </span>
          <Others ticks={ticks} />
          <Share digest={digest} items={items} reviewed={reviewed} />
        </span>
      </div>
      {items.length === 0 ? (
        <Empty title="The two images hold the same." />
      ) : shown.length === 0 ? (
        <Empty title={matching.length > 0 ? 'All of these are reviewed.' : 'No change matches.'}>
          <button
            type="button"
            className="button"
            onClick={() => change({ q: undefined, risk: undefined, kind: undefined, left: undefined })}
          >
            Show all changes
          </button>
        </Empty>
      ) : (
        <div className="changes" style={{ '--toolbar': `${toolbarHeight}px` }}>
          <ChangeList
            items={shown}
            selected={search.item}
            reviewed={reviewed}
            said={said}
            below={toolbarHeight}
            onSelect={(item) => change({ item })}
            onToggle={toggle}
          />
          <aside className={selected === undefined ? 'detail nothing' : 'detail'} aria-label="The selected change">
            {selected === undefined ? (
              <p className="quiet-line">
                Select a change to see it in full. <kbd>j</kbd> <kbd>k</kbd> move, <kbd>e</kbd> marks it reviewed and
                goes on.
              </p>
            ) : (
              <ChangeDetail
                digest={digest}
                item={selected}
                said={said(aboutOf(selected))}
                reviewed={reviewed.has(selected.key)}
                onToggle={() => toggle(selected.key)}
                onClose={() => change({ item: undefined })}
              />
            )}
          </aside>
        </div>
      )}
    </>
  )
}

/** How many items each person has ticked. */
function Others({ ticks }: { readonly ticks: DiffDocument['reviewed'] }) {
  if (ticks.length === 0) return null
  const people = [...Map.groupBy(ticks, ({ actor }) => actor)]
  return (
    <span className="others">
      {people.map(([actor, items]) => (
        <span key={actor}>
          <Text>{actor}</Text> {whole(items.length)}
        </span>
      ))}
    </span>
  )
}

interface ShareProps {
  readonly digest: string
  readonly items: readonly DiffItem[]
  readonly reviewed: ReadonlySet<string>
}

/** The command that shows one's own marks to the others: the console itself changes nothing on the server. */
function Share({ digest, items, reviewed }: ShareProps) {
  const marked = items.filter((item) => reviewed.has(item.key)).slice(0, MARKS_COPIED)
  const command = marked.length === 0 ? undefined : reviewedCommand(digest, [...new Set(marked.map(aboutOf))])
  return command === undefined ? null : (
    <CopyButton value={command} label="Copy the command that shows your marks to others" />
  )
}
