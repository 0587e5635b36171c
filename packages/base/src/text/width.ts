import { stripVTControlCharacters } from 'node:util'

let segmenter: Intl.Segmenter | undefined
/** Made when a text is met that is not ASCII: it takes ten milliseconds, a fifth of the start of a command. */
const graphemes = (text: string) => (segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })).segment(text)

// Unicode Standard Annex 11 (East Asian Width), the W and F blocks that terminals draw two columns wide, and emoji.
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u
const ZERO = /^(?:\p{Mn}|\p{Me}|\p{Cf}|\p{Cc})+$/u
const ASCII = /^[\u0020-\u007e]*$/

/** Columns a text takes on a terminal. Colours take none, East Asian wide characters and emoji two. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(stripVTControlCharacters(text))) width += widthOf(segment)
  return width
}

/** The text cut to at most `columns`, with `…` where something was cut. The text must hold no colours. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  if (columns < 1) return ''
  let kept = ''
  let width = 0
  for (const { segment } of graphemes(text)) {
    const next = width + widthOf(segment)
    if (next > columns - 1) break
    kept += segment
    width = next
  }
  return `${kept}…`
}

/** The text filled with spaces to `columns`. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, columns - displayWidth(text)))
  return align === 'left' ? text + fill : fill + text
}

function widthOf(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0
  return WIDE.test(grapheme) ? 2 : 1
}
