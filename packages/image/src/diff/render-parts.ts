import { displayWidth, type Painter } from '@holotype/base'
import type { ImageDiff, NodeChange, Risk } from '../types.ts'

/** How a list is drawn. */
export interface View {
  readonly paint: Painter
  readonly width: number
  /** Items of one list; Infinity for all. */
  readonly limit: number
}

/** Columns before what belongs to an item. */
export const INDENT = '          '

// Control characters steer terminals; bidirectional and invisible ones make text read as what it is not (CVE-2021-42574).
// oxlint-disable-next-line no-control-regex -- control characters are what is made visible
const UNSEEN = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff]/g

/** Text from a package or a file name, on one line, with everything made visible that a terminal would obey or hide. */
export function visible(text: string): string {
  return text
    .replaceAll('\t', '    ')
    .replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const WORDS = { high: 'HIGH', medium: 'medium', low: 'low', none: '' } as const

/** The risk in a word, eight columns wide: the word says it, the colour only helps. */
export function riskWord(paint: Painter, risk: Risk): string {
  const word = WORDS[risk].padEnd(8)
  if (risk === 'high') return paint.bold(paint.red(word))
  return risk === 'medium' ? paint.yellow(word) : paint.dim(word)
}

/** Words set into lines of at most `width` columns. */
export function wrapWords(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

/** A section's heading with an empty line before it. */
export function heading(paint: Painter, text: string, note: string): string[] {
  return ['', `${paint.bold(text)}  ${paint.dim(note)}`, '']
}

/** `1 line`, `2 lines`. */
export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

/** What stands where `isSame`. */
export const NO_DIFFERENCE =
  'No difference: the same packages and, but for times, the same files; nodes are told the same.'

/** True if two images hold the same and tell nodes the same. */
export function isSame({ packages, files, node = [] }: ImageDiff): boolean {
  return packages.length + files.length + node.length === 0
}

/** `trigger reload-nginx`, `health`. */
export function nodeTitle({ part, name }: NodeChange): string {
  return name === undefined ? part : `${part} ${name}`
}
