import { isErrorCode } from '@holotype/base'
import type { Dependencies, Relation } from '../types.ts'
import { parseRich } from './rich.ts'
import { clausesOf } from './rich-clauses.ts'
import { satisfiedByRpm } from './rpmlib.ts'
import { xmlTable } from './xml-table.ts'
import type { XmlReader } from './xml.ts'

/** One `<rpm:entry>`: what it asks for, and whether that must be there before the package's scripts run. */
export interface PrimaryEntry {
  readonly clauses: Dependencies
  /** What must hold where this entry may not: for rich Conflicts. */
  readonly refused?: Dependencies
  readonly pre: boolean
}

/** Reads the entries of the list just opened (`<rpm:requires>` …). */
export interface EntryReader {
  /** Appends them. Each distinct text is parsed once for the whole index. Entries that ask rpm itself for an ability are left out. */
  entries(into: PrimaryEntry[]): void
  /** Plain relations, which rarely repeat: what a package provides. */
  relations(): readonly Relation[]
}

const NOTHING: readonly never[] = []
const OPERATORS: Readonly<Record<string, string>> = { EQ: '=', LT: '<', GT: '>', LE: '<=', GE: '>=' }

/** @param share gives one string for all that are equal */
export function entryReader(bytes: Uint8Array, xml: XmlReader, share: (text: string) => string): EntryReader {
  const known = xmlTable<PrimaryEntry>(bytes, 14)
  const scratch: Relation[] = []

  return {
    entries(into) {
      for (;;) {
        const to = xml.emptyElement()
        const from = xml.position()
        const found = to < 0 ? undefined : known.find(from, to)
        if (found !== undefined) {
          if (found.clauses.length > 0) into.push(found)
          xml.pass(to)
          continue
        }
        const event = xml.next()
        if (event === 'close') return
        if (event !== 'open') continue
        if (xml.name() === 'rpm:entry') {
          const entry = parse(xml, share)
          if (xml.position() === to) known.keep(from, to, entry)
          if (entry.clauses.length > 0) into.push(entry)
        }
        xml.skip()
      }
    },
    relations() {
      scratch.length = 0
      for (let event = xml.next(); event !== 'close'; event = xml.next()) {
        if (event !== 'open') continue
        if (xml.name() === 'rpm:entry') {
          const name = xml.attribute('name') ?? ''
          const relation = name.startsWith('(') ? parse(xml, share).clauses[0]?.[0] : relationOf(name, xml, share)
          if (relation !== undefined && !satisfiedByRpm(relation)) scratch.push(relation)
        }
        xml.skip()
      }
      return scratch.length === 0 ? NOTHING : scratch.slice()
    },
  }
}

function parse(xml: XmlReader, share: (text: string) => string): PrimaryEntry {
  const name = xml.attribute('name') ?? ''
  const pre = xml.attribute('pre') === '1'
  if (name.startsWith('(')) return { ...rich(name, xml), pre }
  const relation = relationOf(name, xml, share)
  return { clauses: satisfiedByRpm(relation) ? NOTHING : [[relation]], pre }
}

/** The plain relation of the entry just opened. */
function relationOf(name: string, xml: XmlReader, share: (text: string) => string): Relation {
  if (name === '') throw xml.malformed('an entry has no name')
  const flags = xml.attribute('flags')
  if (flags === undefined) return { name }
  const operator = Object.hasOwn(OPERATORS, flags) ? OPERATORS[flags] : undefined
  if (operator === undefined) throw xml.malformed(`"${flags}" is no flag of a dependency`)
  return { name, operator, version: share(versionOf(xml)) }
}

function rich(text: string, xml: XmlReader): { clauses: Dependencies; refused: Dependencies } {
  try {
    const tree = parseRich(text)
    return { clauses: clausesOf(tree), refused: clausesOf(tree, true) }
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) throw xml.malformed(error.message, error)
    throw error
  }
}

/** `epoch:ver-rel`; an epoch of 0 and an absent release are left out. */
function versionOf(xml: XmlReader): string {
  const epoch = xml.attribute('epoch') ?? '0'
  const version = xml.attribute('ver') ?? ''
  const release = xml.attribute('rel')
  const evr = release === undefined ? version : `${version}-${release}`
  return epoch === '0' || epoch === '' ? evr : `${epoch}:${evr}`
}
