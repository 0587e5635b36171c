import { ERROR_LINE_COLUMNS } from '../limits.ts'
import { displayWidth } from '../text/width.ts'

/** A place in a text, from 1. Columns count UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface YamlSource {
  /** The file's name as errors show it. */
  readonly file: string
  readonly text: string
}

/**
 * `file:line:column: message`, the line, and a caret below the column. Tabs are shown as one space and wide characters counted as the
 * terminal draws them, so that the caret stands below what it means; a long line is cut around the caret.
 */
export function locate(source: YamlSource, at: Position, message: string): string {
  const line = (source.text.split('\n')[at.line - 1] ?? '').replace(/\r$/, '').replaceAll('\t', ' ')
  const { shown, before } = windowOf(line, Math.min(at.column - 1, line.length))
  const gutter = String(at.line).padStart(4)
  const caret = `${' '.repeat(displayWidth(before))}^`
  return `${source.file}:${at.line}:${at.column}: ${message}\n${gutter} | ${shown}\n${' '.repeat(gutter.length)} | ${caret}`
}

/** The part of a line that is shown, and what of it stands before the caret. */
function windowOf(line: string, caret: number): { readonly shown: string; readonly before: string } {
  if (line.length <= ERROR_LINE_COLUMNS) return { shown: line, before: line.slice(0, caret) }
  const half = Math.floor(ERROR_LINE_COLUMNS / 2)
  const begin = atCharacter(line, Math.max(0, Math.min(caret - half, line.length - ERROR_LINE_COLUMNS)))
  const end = atCharacter(line, begin + ERROR_LINE_COLUMNS)
  const head = begin > 0 ? '…' : ''
  const tail = end < line.length ? '…' : ''
  return { shown: head + line.slice(begin, end) + tail, before: head + line.slice(begin, caret) }
}

/** Never between the two halves of a surrogate pair. */
function atCharacter(line: string, index: number): number {
  const code = line.charCodeAt(index)
  return code >= 0xdc00 && code <= 0xdfff ? index + 1 : index
}
