import { useState } from 'react'
import { whole } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'
import { TEXT_LINES } from '../limits.ts'

/** Preformatted text of any length: its beginning, and the rest on request. Scrolls sideways by itself, by keyboard too. */
export function LongText({ text, label }: { readonly text: string; readonly label: string }) {
  const [all, setAll] = useState(false)
  const lines = text.replace(/\n$/, '').split('\n')
  const shown = all ? lines : lines.slice(0, TEXT_LINES)
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <pre className="long-text" tabIndex={0} role="region" aria-label={visible(label)}>
        {visible(shown.join('\n'))}
      </pre>
      {shown.length < lines.length ? (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {whole(lines.length)} lines
        </button>
      ) : null}
    </>
  )
}
