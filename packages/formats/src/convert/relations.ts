import type { Dependencies, Relation } from '../types.ts'
import { debVersionOf, rpmVersionInRelation } from './version.ts'

/** What packages and capabilities are called on the other side, by their name on this one. A `*` stands for any text; '' drops the relation. */
export type NameTable = Readonly<Record<string, string>>

/** Said of each relation that the other format cannot hold. */
export type NotCarried = (what: string) => void

/** The other side's name. Exact names come before patterns, longer patterns before shorter. undefined: the table says nothing. */
export function renamer(table: NameTable): (name: string) => string | undefined {
  const exact = new Map(Object.entries(table).filter(([from]) => !from.includes('*')))
  const patterns = Object.entries(table)
    .filter(([from]) => from.includes('*'))
    .sort(([a], [b]) => b.length - a.length)
    .map(([from, to]) => ({ test: globTest(from), to }))
  return (name) => exact.get(name) ?? patterns.find(({ test }) => test(name))?.to
}

/** `libc.so.6*`: the pieces between stars, in order, the first and the last anchored. No regular expression is made of outside text. */
function globTest(pattern: string): (text: string) => boolean {
  const pieces = pattern.split('*')
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const piece of pieces.slice(1, -1)) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= text.length - last.length
  }
}

/** dpkg's operators in rpm's spelling, and back (Policy §7.1; rpm's manual, "Dependencies"). `<` and `>` are dpkg's obsolete `<=` and `>=`. */
const RPM_OPERATORS = new Map([
  ['<<', '<'],
  ['<', '<='],
  ['>', '>='],
  ['>>', '>'],
])
const DEB_OPERATORS = new Map([
  ['<', '<<'],
  ['>', '>>'],
])

export interface RelationsOptions {
  readonly table: NameTable
  readonly notCarried: NotCarried
}

/** A deb's dependencies as rpm's Requires: several alternatives become `(a or b >= 1)`. */
export function rpmRequires(dependencies: Dependencies, options: RelationsOptions): string[] {
  const rename = renamer(options.table)
  return dependencies.flatMap((alternatives) => {
    const texts = alternatives.flatMap((relation) => rpmRelation(relation, rename, options.notCarried))
    // A name that the table drops is met without anyone's doing, and so is the whole list.
    if (texts.length < alternatives.length || texts.length === 0) return []
    const distinct = [...new Set(texts)]
    return distinct.length === 1 ? distinct : [`(${distinct.join(' or ')})`]
  })
}

/** Relations that have no alternatives: Provides, Conflicts. */
export function rpmRelations(relations: readonly Relation[], options: RelationsOptions): string[] {
  const rename = renamer(options.table)
  return [...new Set(relations.flatMap((relation) => rpmRelation(relation, rename, options.notCarried)))]
}

function rpmRelation(
  { name, operator, version, architecture }: Relation,
  rename: (name: string) => string | undefined,
  notCarried: NotCarried,
): string[] {
  const renamed = rename(name) ?? name
  if (renamed === '') return []
  if (architecture !== undefined && architecture !== 'any' && architecture !== 'native')
    notCarried(`${name}:${architecture}: rpm has no architecture qualifiers`)
  // A version counts in the numbering of the side that the name belongs to: another name's versions are others.
  if (operator === undefined || version === undefined || renamed.startsWith('/')) return [renamed]
  return [`${renamed} ${RPM_OPERATORS.get(operator) ?? operator} ${rpmVersionInRelation(version)}`]
}

const DEB_NAME = /^[a-z0-9][a-z0-9+.-]+$/

/** An rpm's dependencies as a Depends field's clauses. What is no package name on the deb side and stands in no table is not carried. */
export function debDepends(dependencies: Dependencies, options: RelationsOptions): string[] {
  const rename = renamer(options.table)
  const clauses = dependencies.flatMap((alternatives) => {
    const found: string[] = []
    let dropped = false
    for (const relation of alternatives) {
      const converted = debRelation(relation, rename, options.notCarried)
      if (converted === '') dropped = true
      else if (converted !== undefined) found.push(converted)
    }
    return dropped || found.length === 0 ? [] : [[...new Set(found)].join(' | ')]
  })
  return [...new Set(clauses)]
}

export function debRelations(relations: readonly Relation[], options: RelationsOptions): string[] {
  const rename = renamer(options.table)
  const found = relations.flatMap((relation) => debRelation(relation, rename, options.notCarried) ?? [])
  return [...new Set(found.filter((text) => text !== ''))]
}

/** undefined: it cannot be carried, and was reported. '': the table drops it. */
function debRelation(
  relation: Relation,
  rename: (name: string) => string | undefined,
  notCarried: NotCarried,
): string | undefined {
  const { name, operator, version } = relation
  if (relation.negated || relation.with || relation.without) {
    notCarried(`a condition on ${name}: a Depends field holds alternatives alone`)
    return undefined
  }
  const renamed = rename(name)
  if (renamed === '') return ''
  const target = renamed ?? name.toLowerCase().replaceAll('_', '-')
  if (!DEB_NAME.test(target)) {
    notCarried(`${name}: no package name here, and the table has none for it`)
    return undefined
  }
  // `libc.so.6(GLIBC_2.34)(64bit)` renamed to libc6: the capability's own version, if any, is not the package's.
  if (operator === undefined || version === undefined) return target
  return `${target} (${DEB_OPERATORS.get(operator) ?? operator} ${debVersionOf(version).text})`
}
