import { fail } from '../errors.ts'
import { ARCHIVE_NAME_BYTES } from '../limits.ts'
import type { PackageRecord, Relation } from '../types.ts'
import type { Header } from './header.ts'
import { clausesOfDependency, type RelationCache, relationOf } from './relation.ts'
import { anyOf, clausesOf } from './rich-clauses.ts'
import { parseRich } from './rich.ts'
import { satisfiedByRpm } from './rpmlib.ts'
import { SENSE, SENSE_PRE } from './sense.ts'
import { type TagName, TAGS } from './tags.ts'

/** The three tags of each kind of dependency. */
export const DEPENDENCY_TAGS = {
  PROVIDES: ['PROVIDENAME', 'PROVIDEFLAGS', 'PROVIDEVERSION'],
  REQUIRES: ['REQUIRENAME', 'REQUIREFLAGS', 'REQUIREVERSION'],
  CONFLICTS: ['CONFLICTNAME', 'CONFLICTFLAGS', 'CONFLICTVERSION'],
  OBSOLETES: ['OBSOLETENAME', 'OBSOLETEFLAGS', 'OBSOLETEVERSION'],
  RECOMMENDS: ['RECOMMENDNAME', 'RECOMMENDFLAGS', 'RECOMMENDVERSION'],
  SUGGESTS: ['SUGGESTNAME', 'SUGGESTFLAGS', 'SUGGESTVERSION'],
  SUPPLEMENTS: ['SUPPLEMENTNAME', 'SUPPLEMENTFLAGS', 'SUPPLEMENTVERSION'],
  ENHANCES: ['ENHANCENAME', 'ENHANCEFLAGS', 'ENHANCEVERSION'],
  ORDER: ['ORDERNAME', 'ORDERFLAGS', 'ORDERVERSION'],
} as const satisfies Record<string, readonly [TagName, TagName, TagName]>

export type DependencyKind = keyof typeof DEPENDENCY_TAGS

/** One dependency as a header or an index holds it. */
export interface RawDependency {
  readonly name: string
  /** RPMSENSE bits. */
  readonly flags: number
  readonly evr: string
}

/** The dependencies of one kind, in the header's order. Missing flags or versions (rpm 2 wrote none for Provides) are no condition. */
export function dependenciesOf(header: Header, kind: DependencyKind): RawDependency[] {
  const [nameTag, flagsTag, evrTag] = DEPENDENCY_TAGS[kind]
  const flags = header.numbers(flagsTag)
  const evrs = header.strings(evrTag)
  return header.strings(nameTag).map((name, i) => ({ name, flags: flags[i] ?? 0, evr: evrs[i] ?? '' }))
}

/** What a record takes its relations from. */
export interface RecordRelations {
  readonly requires: readonly RawDependency[]
  readonly provides: readonly RawDependency[]
  readonly conflicts: readonly RawDependency[]
  readonly obsoletes: readonly RawDependency[]
  readonly recommends: readonly RawDependency[]
  readonly supplements: readonly RawDependency[]
}

/** The part of a record that rpm's dependencies make. */
export type RelationFields = Pick<
  PackageRecord,
  'depends' | 'preDepends' | 'recommends' | 'provides' | 'conflicts' | 'obsoletes' | 'supplements'
>

/**
 * rpm's dependencies as a record has them. What rpm itself satisfies is left out. A Requires marked as needed by scripts at installation
 * goes to `preDepends`, one marked `missingok` to `recommends`. A rich Conflicts that is more than a list of alternatives cannot stand in
 * `conflicts`: its opposite goes to `depends`. Of several Supplements one suffices.
 * @throws RELATION_MALFORMED
 */
export function relationFields(raw: RecordRelations, cache?: RelationCache): RelationFields {
  const depends = clauseList()
  const preDepends = clauseList()
  const recommends = clauseList()
  for (const { name, flags, evr } of raw.requires) {
    if (satisfiedByRpm(relationOf(name, flags, evr))) continue
    const into = flags & SENSE.MISSINGOK ? recommends : flags & SENSE_PRE ? preDepends : depends
    for (const clause of clausesOfDependency(name, flags, evr, cache)) into.add(clause)
  }
  for (const { name, flags, evr } of raw.recommends)
    for (const clause of clausesOfDependency(name, flags, evr, cache)) recommends.add(clause)
  const conflicts: Relation[] = []
  for (const { name, flags, evr } of raw.conflicts) {
    const clauses = clausesOfDependency(name, flags, evr, cache)
    const [only, ...more] = clauses
    if (only && more.length === 0 && only.every(({ negated }) => !negated)) conflicts.push(...only)
    else for (const clause of clausesOf(parseRich(name), true)) depends.add(clause)
  }
  const supplements = anyOf(raw.supplements.map(({ name, flags, evr }) => clausesOfDependency(name, flags, evr, cache)))
  const plain = ({ name, flags, evr }: RawDependency) =>
    clausesOfDependency(name, flags, evr, cache)[0]?.[0] ?? { name }
  const obsoletes = raw.obsoletes.map(plain)
  return {
    depends: depends.clauses,
    preDepends: preDepends.clauses,
    recommends: recommends.clauses,
    provides: raw.provides.map(plain),
    conflicts,
    ...(obsoletes.length === 0 ? {} : { obsoletes }),
    ...(supplements.length === 0 ? {} : { supplements }),
  }
}

/** Clauses, each once: a header names what scripts need a second time. */
function clauseList(): { readonly clauses: readonly (readonly Relation[])[]; add(clause: readonly Relation[]): void } {
  const clauses: (readonly Relation[])[] = []
  const seen = new Set<string>()
  return {
    clauses,
    add(clause) {
      const key = JSON.stringify(clause)
      if (seen.has(key)) return
      seen.add(key)
      clauses.push(clause)
    },
  }
}

/**
 * The record of a header, of a package file or of an installed database; `size`, `sha256` and `filename` are not in it and left empty.
 * `version` is the EVR without an epoch of none or 0; `files` are those an index lists (`inPrimary`).
 * @throws RELATION_MALFORMED, and what the header's own `complain` makes
 */
export function recordOfHeader(header: Header, cache?: RelationCache): PackageRecord {
  const name = header.string('NAME')
  const version = evrOf(header)
  const { source, sourceVersion } = sourceOf(header, name, version)
  const files = filePaths(header).filter(inPrimary)
  return {
    name,
    version,
    architecture: header.has('SOURCEPACKAGE') || isSource(header) ? 'src' : header.string('ARCH'),
    source,
    sourceVersion,
    essential: false,
    priority: '',
    section: header.string('GROUP'),
    multiArch: 'no',
    ...relationFields(
      {
        requires: dependenciesOf(header, 'REQUIRES'),
        provides: dependenciesOf(header, 'PROVIDES'),
        conflicts: dependenciesOf(header, 'CONFLICTS'),
        obsoletes: dependenciesOf(header, 'OBSOLETES'),
        recommends: dependenciesOf(header, 'RECOMMENDS'),
        supplements: dependenciesOf(header, 'SUPPLEMENTS'),
      },
      cache,
    ),
    breaks: [],
    replaces: [],
    ...(files.length === 0 ? {} : { files }),
    size: 0,
    installedSize: Math.ceil((header.number('LONGSIZE') ?? header.number('SIZE') ?? 0) / 1024),
    sha256: '',
    filename: '',
    description: firstLine(header.string('SUMMARY')),
  }
}

/** `epoch:version-release`, without an epoch of 0. */
export function evrOf(header: Header): string {
  const epoch = header.number('EPOCH') ?? 0
  return `${epoch === 0 ? '' : `${epoch}:`}${header.string('VERSION')}-${header.string('RELEASE')}`
}

/** The absolute paths of all files, in the header's order: BASENAMES below DIRNAMES, or OLDFILENAMES of rpm 3. */
export function filePaths(header: Header): string[] {
  const names = header.strings('BASENAMES')
  if (names.length === 0) return [...header.strings('OLDFILENAMES')]
  const directories = header.strings('DIRNAMES')
  const indexes = header.numbers('DIRINDEXES')
  let bytes = 0
  return names.map((name, i) => {
    const path = `${directories[indexes[i] ?? 0] ?? ''}${name}`
    bytes += path.length
    // A long directory may be that of each file.
    if (bytes > ARCHIVE_NAME_BYTES)
      throw fail('PACKAGE_TOO_LARGE', {
        what: `header: paths have more than ARCHIVE_NAME_BYTES, ${ARCHIVE_NAME_BYTES}, bytes`,
      })
    return path
  })
}

/** True of the paths that a primary index lists, as createrepo_c and yum have it: below /etc, in a bin directory, and sendmail. */
export function inPrimary(path: string): boolean {
  return path.startsWith('/etc/') || path.includes('bin/') || path === '/usr/lib/sendmail'
}

/** A source package has no SOURCERPM: what tells one where SOURCEPACKAGE is missing. */
function isSource(header: Header): boolean {
  return !header.has('SOURCERPM') && header.has('SOURCE') && !header.raw.has(TAGS.SOURCENEVR.number)
}

const SOURCE_RPM = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/

/** SOURCENEVR of rpm 6 tells the source's epoch; SOURCERPM does not, so the package's own is taken where all else is equal. */
function sourceOf(header: Header, name: string, version: string): { source: string; sourceVersion: string } {
  const nevr = /^(.+)-([^-]+-[^-]+)$/.exec(header.string('SOURCENEVR'))
  if (nevr) return { source: nevr[1] ?? name, sourceVersion: (nevr[2] ?? version).replace(/^0:/, '') }
  const match = SOURCE_RPM.exec(header.string('SOURCERPM'))
  if (!match) return { source: name, sourceVersion: version }
  const same = version.endsWith(`:${match[2]}`)
  return { source: match[1] ?? name, sourceVersion: same ? version : (match[2] ?? version) }
}

function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : text.slice(0, end)
}
