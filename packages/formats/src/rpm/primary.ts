import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { PackageRecord, Relation } from '../types.ts'
import { type EntryReader, entryReader, type PrimaryEntry } from './primary-entry.ts'
import { anyOf } from './rich-clauses.ts'
import { readChecksum, readHref } from './repomd.ts'
import { type XmlReader, xmlReader } from './xml.ts'

/** What a package name may look like. rpm itself refuses blanks and what has a meaning in dependencies; a name never leads to another directory. */
const NAME = /^[A-Za-z0-9_][\w.+~^-]*$/
const VERSION = /^[\w.+~^%{}]+$/
const ARCHITECTURE = /^\w+$/
const SOURCE = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/

/** Lists that repeat as a whole or are empty are shared. */
const NOTHING: readonly never[] = []

/**
 * What is gathered of the package that is open. One object and its lists serve all packages: what a record keeps is copied out of the lists,
 * for a list that has grown by appending has room for more than it holds.
 */
interface Gathered {
  name: string
  architecture: string
  version: string
  sha256: string
  description: string
  section: string
  source: string
  sourceVersion: string
  size: number
  installed: number
  filename: string
  readonly entries: Lists
  provides: readonly Relation[]
  obsoletes: readonly Relation[]
  readonly files: string[]
}

type ListName = 'requires' | 'conflicts' | 'recommends' | 'supplements'
type Lists = Readonly<Record<ListName, PrimaryEntry[]>>

/**
 * Every package of an uncompressed primary.xml, source packages left out: they are not installed.
 *
 * `depends` holds the requirements, `preDepends` those that must be there before its scripts run (`pre="1"`). What rpm provides itself
 * (`rpmlib(…)`) is no requirement to another package and left out. `files` are those that primary.xml lists.
 * @throws REPOSITORY_MALFORMED
 */
export function parseIndex(bytes: Uint8Array): PackageRecord[] {
  const records: PackageRecord[] = []
  const reader = primaryReader(bytes)
  for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record)
  return records
}

/** Packages that are read with one memory of what repeats among them. */
const READ_TOGETHER = 1024

/**
 * What `parseIndex` gives, one after another, with the byte at which each begins: what is not kept takes no memory.
 * @throws REPOSITORY_MALFORMED
 */
export function* locatedPackages(
  bytes: Uint8Array,
  together = READ_TOGETHER,
): Generator<{ readonly record: PackageRecord; readonly start: number }, void, undefined> {
  let reader = primaryReader(bytes)
  let record = reader.next()
  for (let count = 1; record !== undefined; count++) {
    yield { record, start: reader.start() }
    const behind = reader.behind()
    if (count % together === 0) reader = primaryReader(bytes)
    record = count % together === 0 ? reader.at(behind) : reader.next()
  }
}

/** What `parseIndex` gives, one after another. @throws REPOSITORY_MALFORMED */
export function* packagesOf(bytes: Uint8Array): Generator<PackageRecord, void, undefined> {
  for (const { record } of locatedPackages(bytes)) yield record
}

export interface PrimaryReader {
  /** The next package; undefined at the end. @throws REPOSITORY_MALFORMED */
  next(): PackageRecord | undefined
  /** Where the package that `next` gave last begins. */
  start(): number
  /** The byte behind that package. */
  behind(): number
  /** The package that begins at a byte that `start` told, or the next one from a byte that `behind` told. @throws REPOSITORY_MALFORMED, and is of no use then */
  at(start: number): PackageRecord | undefined
}

/** Reads an uncompressed primary.xml package by package. @throws REPOSITORY_MALFORMED */
export function primaryReader(bytes: Uint8Array): PrimaryReader {
  if (bytes.length > INDEX_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `primary.xml is larger than INDEX_BYTES (${INDEX_BYTES})` })
  const xml = xmlReader(bytes, 'primary.xml')
  const shared = new Map<string, string>()
  const share = (text: string) => {
    const known = shared.get(text)
    if (known === undefined) shared.set(text, text)
    return known ?? text
  }
  const reading: Reading = { xml, found: gathered(), entries: entryReader(bytes, xml, share), share }
  let root = false
  let start = 0

  function next(): PackageRecord | undefined {
    for (;;) {
      start = xml.position()
      const event = xml.next()
      if (event === 'end') return undefined
      if (event !== 'open') continue
      const name = xml.name()
      if (!root) {
        if (name !== 'metadata') throw xml.malformed(`<metadata> is expected, <${name}> is there`)
        root = true
      } else if (name === 'package' && xml.attribute('type') === 'rpm') {
        const record = readPackage(reading)
        if (record !== undefined) return record
      } else xml.skip()
    }
  }

  return {
    next,
    start: () => start,
    behind: () => xml.position(),
    at(place) {
      // Within the root element, as every package is.
      while (!root) {
        if (xml.next() === 'open') root = true
      }
      xml.pass(place)
      return next()
    },
  }
}

function gathered(): Gathered {
  return {
    name: '',
    architecture: '',
    version: '',
    sha256: '',
    description: '',
    section: '',
    source: '',
    sourceVersion: '',
    size: 0,
    installed: 0,
    filename: '',
    entries: { requires: [], conflicts: [], recommends: [], supplements: [] },
    provides: NOTHING,
    obsoletes: NOTHING,
    files: [],
  }
}

function clear(found: Gathered): void {
  found.name = found.architecture = found.version = found.sha256 = found.description = found.section = ''
  found.source = found.sourceVersion = found.filename = ''
  found.size = found.installed = 0
  found.provides = found.obsoletes = NOTHING
  const { requires, conflicts, recommends, supplements } = found.entries
  requires.length = conflicts.length = recommends.length = supplements.length = found.files.length = 0
}

interface Reading {
  readonly xml: XmlReader
  readonly found: Gathered
  readonly entries: EntryReader
  readonly share: (text: string) => string
}

function readPackage({ xml, found, entries, share }: Reading): PackageRecord | undefined {
  clear(found)
  for (;;) {
    const event = xml.next()
    if (event === 'text') continue
    const name = xml.name()
    if (event === 'close') {
      // `format` only groups what is in it.
      if (name === 'package') break
      continue
    }
    switch (name) {
      case 'format':
        break
      case 'name':
        found.name = xml.content()
        break
      case 'arch':
        found.architecture = share(xml.content())
        break
      case 'version':
        found.version = share(versionOf(xml))
        xml.skip()
        break
      case 'checksum': {
        const { type, hex } = readChecksum(xml)
        if (type === 'sha256') found.sha256 = hex
        break
      }
      case 'summary':
        found.description = firstLine(xml.content())
        break
      case 'size':
        found.size = whole(xml, 'package')
        found.installed = whole(xml, 'installed')
        xml.skip()
        break
      case 'location':
        found.filename = readHref(xml)
        xml.skip()
        break
      case 'file':
        found.files.push(path(xml))
        break
      case 'rpm:group':
        found.section = share(xml.content())
        break
      case 'rpm:sourcerpm': {
        const [, source = '', sourceVersion = ''] = SOURCE.exec(xml.content()) ?? []
        found.source = share(source)
        found.sourceVersion = share(sourceVersion)
        break
      }
      case 'rpm:provides':
        found.provides = entries.relations()
        break
      case 'rpm:requires':
        entries.entries(found.entries.requires)
        break
      case 'rpm:conflicts':
        entries.entries(found.entries.conflicts)
        break
      case 'rpm:obsoletes':
        found.obsoletes = entries.relations()
        break
      case 'rpm:recommends':
        entries.entries(found.entries.recommends)
        break
      case 'rpm:supplements':
        entries.entries(found.entries.supplements)
        break
      default:
        xml.skip()
    }
  }
  return recordOf(found, xml)
}

function recordOf(found: Gathered, xml: XmlReader): PackageRecord | undefined {
  const { name, architecture, version } = found
  if (!NAME.test(name)) throw xml.malformed(`"${name}" is no package name`)
  if (version === '') throw xml.malformed(`${name} has no version`)
  if (!ARCHITECTURE.test(architecture)) throw xml.malformed(`${name}: "${architecture}" is no architecture`)
  if (found.filename === '') throw xml.malformed(`${name} ${version} has no location`)
  if (architecture === 'src' || architecture === 'nosrc') return undefined
  const { provides, obsoletes } = found
  const { requires, recommends, supplements } = found.entries
  const { conflicts, refused } = conflictsOf(found.entries.conflicts)
  const depends = clausesOf(requires, false)
  const wanted = supplements.length === 0 ? NOTHING : anyOf(supplements.map(({ clauses }) => clauses))
  const sourceVersion = version.endsWith(`:${found.sourceVersion}`) ? version : found.sourceVersion
  return {
    name,
    version,
    architecture,
    source: found.source === '' ? name : found.source,
    sourceVersion: sourceVersion === '' ? version : sourceVersion,
    essential: false,
    priority: '',
    section: found.section,
    multiArch: 'no',
    depends: refused.length === 0 ? depends : [...depends, ...refused],
    preDepends: clausesOf(requires, true),
    recommends: clausesOf(recommends, false),
    provides,
    conflicts,
    breaks: NOTHING,
    replaces: NOTHING,
    ...(obsoletes.length === 0 ? {} : { obsoletes }),
    ...(wanted.length === 0 ? {} : { supplements: wanted }),
    ...(found.files.length === 0 ? {} : { files: found.files.slice() }),
    size: found.size,
    installedSize: Math.ceil(found.installed / 1024),
    sha256: found.sha256,
    filename: found.filename,
    description: found.description,
  }
}

function clausesOf(entries: readonly PrimaryEntry[], pre: boolean): readonly (readonly Relation[])[] {
  const clauses: (readonly Relation[])[] = []
  for (const entry of entries) if (entry.pre === pre) for (const clause of entry.clauses) clauses.push(clause)
  return clauses.length === 0 ? NOTHING : clauses.slice()
}

/** Conflicts that are relations, and of rich ones that are more what must hold instead. */
function conflictsOf(entries: readonly PrimaryEntry[]): {
  conflicts: readonly Relation[]
  refused: readonly (readonly Relation[])[]
} {
  if (entries.length === 0) return { conflicts: NOTHING, refused: NOTHING }
  const conflicts: Relation[] = []
  const refused: (readonly Relation[])[] = []
  for (const entry of entries) {
    const [only, ...more] = entry.clauses
    if (only && more.length === 0 && only.every(({ negated }) => !negated)) conflicts.push(...only)
    else refused.push(...(entry.refused ?? NOTHING))
  }
  return { conflicts, refused }
}

/** `epoch:ver-rel` of the element just opened, an epoch of 0 left out. */
function versionOf(xml: XmlReader): string {
  const epoch = xml.attribute('epoch') ?? '0'
  const version = xml.attribute('ver') ?? ''
  const release = xml.attribute('rel') ?? ''
  if (!/^\d{1,10}$/.test(epoch) || !VERSION.test(version) || !VERSION.test(release))
    throw xml.malformed(`"${epoch}:${version}-${release}" is no version`)
  return epoch === '0' ? `${version}-${release}` : `${epoch}:${version}-${release}`
}

function whole(xml: XmlReader, attribute: string): number {
  const text = xml.attribute(attribute) ?? '0'
  if (!/^\d{1,15}$/.test(text)) throw xml.malformed(`"${text.slice(0, 40)}" is no size`)
  return Number(text)
}

function path(xml: XmlReader): string {
  const text = xml.content()
  if (!text.startsWith('/')) throw xml.malformed(`the file "${text.slice(0, 200)}" has no absolute path`)
  return text
}

function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : text.slice(0, end)
}
