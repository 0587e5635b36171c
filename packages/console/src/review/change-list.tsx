import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { type DiffItem, itemName } from '../lib/diff-items.ts'
import { counted } from '../lib/format.ts'
import { lsChange } from '../lib/modes.ts'
import { aboutOf, type Said } from '../lib/review-words.ts'
import { visible } from '../lib/visible.ts'
import { Text } from '../ui/text.tsx'
import { useOffset } from '../ui/use-offset.ts'
import { RISK, StatusWord } from '../ui/word.tsx'

interface ChangeListProps {
  readonly items: readonly DiffItem[]
  readonly selected: string | undefined
  readonly reviewed: ReadonlySet<string>
  readonly said: (about: string) => Said
  /** Pixels of the page's top that something else stands on. */
  readonly below: number
  readonly onSelect: (key: string) => void
  readonly onToggle: (key: string) => void
}

/** Pixels; `styles/review.css` has the same. A row with reasons has a second line for them. */
const ROW_HEIGHT = 30
const TALL_ROW_HEIGHT = 48
/** Up to this width, in pixels, the selected change covers this share of the window, from below; `styles/review.css` has the same. */
const SHEET_WIDTH = 1100
const SHEET_SHARE = 0.6

/** The changes as rows; only those in sight are drawn. */
export function ChangeList({ items, selected, reviewed, said, below, onSelect, onToggle }: ChangeListProps) {
  const [place, offset] = useOffset<HTMLDivElement>()
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: (index) => heightOf(items[index]),
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => items[index]?.key ?? index,
    // Room for the toolbar that stays on top.
    scrollPaddingStart: below + 12,
    scrollPaddingEnd: window.innerWidth <= SHEET_WIDTH ? window.innerHeight * SHEET_SHARE : 20,
  })
  const at = items.findIndex((item) => item.key === selected)
  const drawn = useRef<string>(undefined)
  // A filter changes the heights of what stands at each index.
  // biome-ignore lint/correctness/useExhaustiveDependencies: items are the reason to measure
  useEffect(() => virtual.measure(), [items, virtual])
  useEffect(() => {
    if (selected === drawn.current || at < 0 || offset === 0) return
    virtual.scrollToIndex(at, { align: 'auto' })
    const row = place.current?.querySelector<HTMLElement>('[aria-current] button')
    if (row === null || row === undefined) return
    drawn.current = selected
    row.focus({ preventScroll: true })
  })
  return (
    <div
      ref={place}
      className="change-list"
      role="list"
      aria-label="Changes"
      style={{ height: virtual.getTotalSize() }}
    >
      {virtual.getVirtualItems().map((row) => {
        const item = items[row.index]
        if (item === undefined) return null
        const name = itemName(item)
        const isReviewed = reviewed.has(item.key)
        const isSelected = item.key === selected
        return (
          <div
            key={row.key}
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={row.index + 1}
            aria-current={isSelected ? 'true' : undefined}
            className={`change${isReviewed ? ' reviewed' : ''}`}
            style={{ height: row.size, transform: `translateY(${row.start - offset}px)` }}
          >
            <label className="change-check">
              <input
                type="checkbox"
                aria-label={`Reviewed: ${visible(name)}`}
                title="Reviewed"
                checked={isReviewed}
                onChange={() => onToggle(item.key)}
              />
            </label>
            <button type="button" className="change-button" onClick={() => onSelect(item.key)}>
              <StatusWord of={RISK[item.change.risk]} />
              <span className="change-kind">{item.change.change}</span>
              <span className="change-name" title={visible(name)}>
                <Text>{name}</Text>
              </span>
              <span className="change-versions">
                <Text>{sideOf(item)}</Text>
              </span>
              <Notes said={said(aboutOf(item))} />
              {item.change.reasons.length === 0 ? null : (
                <span className="change-reasons">
                  <Text>{item.change.reasons.join(' · ')}</Text>
                </span>
              )}
            </button>
          </div>
        )
      })}
    </div>
  )
}

/** That others were here: how many ticked it, how many comments there are. */
function Notes({ said: { comments, readers } }: { readonly said: Said }) {
  if (comments.length + readers.length === 0) return null
  const words = [
    ...(readers.length === 0 ? [] : [counted(readers.length, 'tick')]),
    ...(comments.length === 0 ? [] : [counted(comments.length, 'comment')]),
  ]
  return (
    <span
      className="change-notes"
      title={readers.length === 0 ? undefined : visible(`Ticked by ${readers.join(', ')}`)}
    >
      {words.join(', ')}
    </span>
  )
}

function heightOf(item: DiffItem | undefined): number {
  return item === undefined || item.change.reasons.length === 0 ? ROW_HEIGHT : TALL_ROW_HEIGHT
}

/** What stands at the end of a row: versions, or what `ls` shows differently. */
function sideOf(item: DiffItem): string {
  if (item.kind === 'node') return ''
  if (item.kind === 'file') return lsChange(item.change.before, item.change.after)
  const { from, to } = item.change
  if (from === undefined) return to ?? ''
  return to === undefined ? from : `${from} → ${to}`
}
