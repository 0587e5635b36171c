import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { PackageRecord, Relation } from '../types.ts'
import { entryReader, type PrimaryEntry } from './primary-entry.ts'
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

/** Package by package: what is gathered of the one that is open. */
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
  entries: Lists
  files: string[]
}

type ListName = 'provides' | 'requires' | 'conflicts' | 'obsoletes' | 'recommends' | 'supplements'
type Lists = Partial<Record<ListName, readonly PrimaryEntry[]>>

/**
 * Every package of an uncompressed primary.xml, source packages left out: they are not installed.
 *
 * `depends` holds the requirements, `preDepends` those that must be there before its scripts run (`pre="1"`). What rpm provides itself
 * (`rpmlib(…)`) is no requirement to another package and left out. `files` are those that primary.xml lists.
 * @throws REPOSITORY_MALFORMED
 */
export function parseIndex(bytes: Uint8Array): PackageRecord[] {
  if (bytes.length > INDEX_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `primary.xml is larger than INDEX_BYTES (${INDEX_BYTES})` })
  const xml = xmlReader(bytes, 'primary.xml')
  const entries = entryReader(bytes, xml)
  const shared = new Map<string, string>()
  const share = (text: string) => {
    const known = shared.get(text)
    if (known === undefined) shared.set(text, text)
    return known ?? text
  }
  const records: PackageRecord[] = []
  let root = false
  for (let event = xml.next(); event !== 'end'; event = xml.next()) {
    if (event !== 'open') continue
    const name = xml.name()
    if (!root) {
      if (name !== 'metadata') throw xml.malformed(`<metadata> is expected, <${name}> is there`)
      root = true
    } else if (name === 'package' && xml.attribute('type') === 'rpm') {
      const found = readPackage(xml, entries, share)
      if (found !== undefined) records.push(found)
    } else xml.skip()
  }
  return records
}

function readPackage(
  xml: XmlReader,
  entries: () => readonly PrimaryEntry[],
  share: (text: string) => string,
): PackageRecord | undefined {
  const found: Gathered = {
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
    entries: {},
    files: [],
  }
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
        found.version = versionOf(xml)
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
        found.entries.provides = entries()
        break
      case 'rpm:requires':
        found.entries.requires = entries()
        break
      case 'rpm:conflicts':
        found.entries.conflicts = entries()
        break
      case 'rpm:obsoletes':
        found.entries.obsoletes = entries()
        break
      case 'rpm:recommends':
        found.entries.recommends = entries()
        break
      case 'rpm:supplements':
        found.entries.supplements = entries()
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
  const { requires = NOTHING, provides, obsoletes, recommends = NOTHING, supplements = NOTHING } = found.entries
  const { conflicts, refused } = conflictsOf(found.entries.conflicts ?? NOTHING)
  const depends = clausesOf(requires, false)
  const wanted = anyOf(supplements.map(({ clauses }) => clauses))
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
    provides: relationsOf(provides),
    conflicts,
    breaks: NOTHING,
    replaces: NOTHING,
    ...(obsoletes === undefined ? {} : { obsoletes: relationsOf(obsoletes) }),
    ...(wanted.length === 0 ? {} : { supplements: wanted }),
    ...(found.files.length === 0 ? {} : { files: found.files }),
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
  return clauses.length === 0 ? NOTHING : clauses
}

/** Provides and Obsoletes, which rpm lets be plain alone. */
function relationsOf(entries: readonly PrimaryEntry[] | undefined): readonly Relation[] {
  return entries === undefined ? NOTHING : entries.flatMap(({ clauses }) => clauses[0]?.[0] ?? [])
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
