import type { FileFacts } from '@holotype/image'
import { bytes, shortDigest } from './format.ts'

/** File metadata as `ls -l` shows it. Pure. */

const TYPE_LETTERS: Readonly<Record<FileFacts['type'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  character: 'c',
  block: 'b',
  fifo: 'p',
}

/** `-rwsr-xr-x` from a type and the low twelve bits of a mode (POSIX `ls`, "file mode written under the -l option"). */
export function modeLine(type: FileFacts['type'], mode: number): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = (mode >> shift) & 7
    const execute = (bits & 1) === 1
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-'
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`
  }
  return [
    TYPE_LETTERS[type],
    triple(6, (mode & 0o4000) !== 0, 's'),
    triple(3, (mode & 0o2000) !== 0, 's'),
    triple(0, (mode & 0o1000) !== 0, 't'),
  ].join('')
}

/** The columns of one line of `ls -ln`, in order; empty cells where a kind of file has none. */
export function lsCells(facts: FileFacts): readonly { readonly name: string; readonly value: string }[] {
  return [
    { name: 'mode', value: modeLine(facts.type, facts.mode) },
    { name: 'owner', value: `${facts.uid}:${facts.gid}` },
    { name: 'size', value: facts.type === 'file' ? bytes(facts.size) : '' },
    { name: 'capabilities', value: facts.capabilities ?? '' },
    { name: 'target', value: facts.target === undefined ? '' : `→ ${facts.target}` },
    { name: 'digest', value: facts.digest === undefined ? '' : shortDigest(facts.digest) },
  ]
}

/** What of the metadata changed, in one short line: `-rw-r--r-- → -rwsr-xr-x`; the new line when there is no old one. */
export function lsChange(before: FileFacts | undefined, after: FileFacts | undefined): string {
  if (before === undefined || after === undefined) {
    const facts = after ?? before
    return facts === undefined ? '' : lsCells(facts).flatMap(plainCell).join('  ')
  }
  const old = lsCells(before)
  const changes = lsCells(after).flatMap((cell, index) => {
    const was = old[index]?.value ?? ''
    if (was === cell.value || cell.name === 'digest') return []
    return [`${was || 'none'} → ${cell.value || 'none'}`]
  })
  if (changes.length > 0) return changes.join('  ')
  return before.digest === after.digest ? 'no difference in metadata' : 'content'
}

function plainCell(cell: { readonly name: string; readonly value: string }): readonly string[] {
  return cell.value === '' || cell.name === 'digest' ? [] : [cell.value]
}
