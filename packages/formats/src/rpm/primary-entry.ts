import { isErrorCode } from '@holotype/base'
import type { Dependencies } from '../types.ts'
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

const OPERATORS: Readonly<Record<string, string>> = { EQ: '=', LT: '<', GT: '>', LE: '<=', GE: '>=' }

/**
 * A function that reads the entries of the list just opened (`<rpm:requires>` …), each distinct text parsed once for the whole index.
 * Entries that ask rpm itself for an ability are left out.
 */
export function entryReader(bytes: Uint8Array, xml: XmlReader): () => readonly PrimaryEntry[] {
  const known = xmlTable<PrimaryEntry>(bytes, 14)

  function read(): PrimaryEntry {
    const from = xml.attributesFrom()
    const to = xml.attributesTo()
    const found = known.find(from, to)
    if (found !== undefined) return found
    const entry = parse(xml)
    known.keep(from, to, entry)
    return entry
  }

  return () => {
    const entries: PrimaryEntry[] = []
    for (;;) {
      const event = xml.next()
      if (event === 'close') return entries
      if (event !== 'open') continue
      if (xml.name() === 'rpm:entry') {
        const entry = read()
        if (entry.clauses.length > 0) entries.push(entry)
      }
      xml.skip()
    }
  }
}

function parse(xml: XmlReader): PrimaryEntry {
  const name = xml.attribute('name')
  if (name === undefined || name === '') throw xml.malformed('an entry has no name')
  const pre = xml.attribute('pre') === '1'
  if (name.startsWith('(')) return { ...rich(name, xml), pre }
  const flags = xml.attribute('flags')
  if (flags === undefined) return { clauses: [[{ name }]], pre }
  const operator = Object.hasOwn(OPERATORS, flags) ? OPERATORS[flags] : undefined
  if (operator === undefined) throw xml.malformed(`"${flags}" is no flag of a dependency`)
  const relation = { name, operator, version: versionOf(xml) }
  return { clauses: satisfiedByRpm(relation) ? [] : [[relation]], pre }
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
