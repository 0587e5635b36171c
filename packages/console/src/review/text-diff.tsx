import { useState } from 'react'
import { whole } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'
import { TEXT_LINES } from '../limits.ts'

interface TextDiffProps {
  readonly text: string
  /** What it is, for who does not see it. */
  readonly label?: string
}

/** A unified diff. The sign at the start of each line says what its colour repeats. */
export function TextDiff({ text, label = 'Difference of the text' }: TextDiffProps) {
  const [all, setAll] = useState(false)
  const lines = text.replace(/\n$/, '').split('\n')
  const shown = all ? lines : lines.slice(0, TEXT_LINES)
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div className="text-diff" tabIndex={0} role="region" aria-label={visible(label)}>
        <pre>
          {shown.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a diff never move
            <span key={index} className={`line ${kindOf(line)}`}>
              {visible(line)}
              {'\n'}
            </span>
          ))}
        </pre>
      </div>
      {shown.length < lines.length ? (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {whole(lines.length)} lines
        </button>
      ) : null}
    </>
  )
}

function kindOf(line: string): 'head' | 'hunk' | 'added' | 'removed' | 'same' {
  if (line.startsWith('+++') || line.startsWith('---')) return 'head'
  if (line.startsWith('@@')) return 'hunk'
  if (line.startsWith('+')) return 'added'
  return line.startsWith('-') ? 'removed' : 'same'
}
