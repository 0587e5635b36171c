import { html, type Markup } from './markup.ts'

const CLASSES: Readonly<Record<string, string>> = { '+': 'a', '-': 'd', '@': 'h', '#': 'h', '\\': 'h' }

/** A unified diff in colours, without the two lines of file names. */
export function unified(text: string): Markup {
  const lines = text
    .replace(/^--- .*\n\+\+\+ .*\n/, '')
    .replace(/\n$/, '')
    .split('\n')
  const spans = lines.map(
    (line) => html`<span class="${CLASSES[line.charAt(0)] ?? 'c'}">${line === '' ? ' ' : line}</span>`,
  )
  return html`<pre class="diff" tabindex="0">${spans}</pre>`
}

/** Lines that a reader sees without unfolding. */
const OPEN_LINES = 30

/** What is short stands there; what is long unfolds. */
export function folded(summary: string, lines: number, content: Markup): Markup {
  return lines <= OPEN_LINES ? content : html`<details><summary>${summary}</summary>${content}</details>`
}
