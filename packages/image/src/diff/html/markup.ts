import { visible } from '../render-parts.ts'

/** Markup that is safe to stand in a page. Only `html` makes it. */
export interface Markup {
  readonly markup: string
}

type Part = Markup | string | number | undefined | readonly Part[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Markup of a template: each value is escaped but what is markup itself; lists are joined and undefined is left out. Control, bidirectional
 * and invisible characters are drawn, so that nothing reads as what it is not.
 */
export function html(literals: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return { markup: literals.map((literal, index) => literal + partText(values[index])).join('') }
}

function partText(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeMarkup(part)
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map(partText).join('')
}

/** A text as it may stand between tags or in an attribute, of HTML or XML. Lines stay lines. */
export function escapeMarkup(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? ''))
    .join('\n')
}
