import { posix } from 'node:path'
import { formatBytes, truncate } from '@holotype/base'
import type { FileChange, FileFacts } from '../types.ts'
import { modeString } from './file-facts.ts'
import { changesPrivilege } from './file-risk.ts'
import { renderDetails } from './render-details.ts'
import { heading, INDENT, plural, riskWord, type View, visible } from './render-parts.ts'

/** Lines shown of the text diff of a file that matters, and of any other. */
const TEXT_LINES_SHOWN = { full: 24, listed: 12 } as const

/** Bytes of a file of low risk beyond which its text is a bundle or a table, and a few of its lines tell nothing. */
const LISTED_TEXT_BYTES = 64 * 1024

/** The files' part of a diff: each that matters with reasons, old state and text; the rest as `ls -lR` would list them. */
export function* renderFiles(files: readonly FileChange[], view: View): Generator<string> {
  if (files.length === 0) return
  yield* heading(view.paint, 'Files', `${files.length}, privileges first, then by risk, then by directory`)
  const matters = files.filter(({ risk }) => risk === 'high' || risk === 'medium')
  const shown = [...matters.filter(isPrivileged), ...matters.filter((file) => !isPrivileged(file))].slice(0, view.limit)
  for (const file of shown) yield* renderInFull(file, view)
  yield* left(matters.length - shown.length, 'more file', 'of high or medium risk', view)
  const rest = files.filter(({ risk }) => risk === 'low' || risk === 'none')
  const listed = rest.toSorted((a, b) => rankOf(a) - rankOf(b))
  yield* renderListing(listed, { ...view, limit: Math.max(0, view.limit - shown.length) })
}

function isPrivileged(file: FileChange): boolean {
  const { setuid, capabilities } = changesPrivilege(file)
  return setuid || capabilities
}

/** What people decided comes first (the spec, then configuration that can be read), links last: hundreds of certificates are linked by name. */
function rankOf(file: FileChange): number {
  const { owner, path, text, before, after } = file
  if (owner === 'spec') return 0
  if ((after ?? before)?.type === 'symlink') return 4
  if (path.startsWith('/etc/')) return text !== undefined && isReadable(file) ? 1 : 2
  return 3
}

function isReadable({ after }: FileChange): boolean {
  return after !== undefined && after.size <= LISTED_TEXT_BYTES
}

function* renderInFull(file: FileChange, view: View): Generator<string> {
  const { paint, width } = view
  const { before, after } = file
  yield `${riskWord(paint, file.risk)}${lineOf(file, visible(file.path), view)}  ${paint.dim(visible(file.owner))}`
  if (before && after && factsText(before) !== factsText(after))
    yield `${' '.repeat(10)}${paint.dim(`${factsText(before)}  before`)}`
  for (const reason of file.reasons) {
    const line = truncate(visible(reason), width - INDENT.length)
    yield INDENT + (file.risk === 'high' ? paint.red(line) : paint.yellow(line))
  }
  if (file.details) yield* renderDetails(file.details, view)
  yield* renderText(file, TEXT_LINES_SHOWN.full, view)
  yield ''
}

/** Groups by directory, as `ls -lR` does: the directory, then its entries. */
function* renderListing(files: readonly FileChange[], view: View): Generator<string> {
  const { paint } = view
  const shown = files.slice(0, view.limit)
  for (const [directory, entries] of Map.groupBy(shown, ({ path }) => posix.dirname(path))) {
    yield paint.dim(`${visible(directory)}:`)
    for (const file of entries) {
      yield `${' '.repeat(8)}${lineOf(file, visible(posix.basename(file.path) || '/'), view)}`
      if (file.risk === 'low' && file.change !== 'removed' && isReadable(file))
        yield* renderText(file, TEXT_LINES_SHOWN.listed, view)
    }
    yield ''
  }
  yield* left(files.length - shown.length, shown.length > 0 ? 'more file' : 'file', 'of low or no risk', view)
}

function lineOf(file: FileChange, name: string, { paint }: View): string {
  const { green, red, yellow, cyan } = paint
  const [mark, colour] = (
    { added: ['+', green], removed: ['−', red], changed: ['~', yellow], metadata: ['m', cyan] } as const
  )[file.change]
  const facts = file.after ?? file.before
  if (!facts) return `${colour(mark)} ${name}`
  const arrow = facts.type === 'symlink' ? paint.dim(` -> ${visible(facts.target ?? '')}`) : ''
  return `${colour(mark)} ${factsText(facts)}  ${colour(name)}${arrow}`
}

/** Mode, owner and group, size and capabilities: the columns of `ls -ln`. */
function factsText(facts: FileFacts): string {
  const owner = `${facts.uid}:${facts.gid}`.padEnd(9)
  const capabilities = facts.capabilities === undefined ? '' : `  ${visible(facts.capabilities)}`
  return `${modeString(facts)}  ${owner} ${sizeText(facts).padStart(8)}${capabilities}`
}

/** A device has its numbers where a file has its size, as in ls(1). */
function sizeText({ type, size, target }: FileFacts): string {
  if (type === 'file') return formatBytes(size)
  return type === 'character' || type === 'block' ? (target ?? '') : ''
}

function* renderText({ text }: FileChange, most: number, { paint, width }: View): Generator<string> {
  if (text === undefined) return
  // The two lines of file names repeat the line above.
  const body = text.replace(/^--- .*\n\+\+\+ .*\n/, '').replace(/\n$/, '')
  const lines = body.split('\n')
  for (const line of lines.slice(0, most)) {
    const cut = truncate(visible(line), width - INDENT.length - 2)
    const colour = { '+': paint.green, '-': paint.red, '@': paint.cyan }[line.charAt(0)] ?? paint.dim
    yield `${INDENT}  ${colour(cut)}`
  }
  if (lines.length > most) yield `${INDENT}  ${paint.dim(`… ${plural(lines.length - most, 'more line')}`)}`
}

function* left(count: number, what: string, which: string, { paint }: View): Generator<string> {
  if (count > 0) yield paint.dim(`${INDENT}… and ${plural(count, what)} ${which}`)
}
