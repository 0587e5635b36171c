import type { Header } from './header.ts'
import { FILE_FLAGS } from './package-files.ts'
import { DEPENDENCY_TAGS, type DependencyKind, dependenciesOf, filePaths } from './record.ts'
import { operatorOf, QUALIFIERS } from './sense.ts'
import { tagName, TAGS } from './tags.ts'

/** Tags that no field shows: what the writer computes, and one value for each file (FILEFLAGS has a form of its own). */
export const COMPUTED_TAGS: ReadonlySet<string> = new Set([
  'HEADERI18NTABLE',
  'SIZE',
  'LONGSIZE',
  'ARCHIVESIZE',
  'LONGARCHIVESIZE',
  'SIGSIZE',
  'SIGMD5',
  'SHA1HEADER',
  'SHA256HEADER',
  'RSAHEADER',
  'DSAHEADER',
  'OPENPGP',
  'FILESIZES',
  'LONGFILESIZES',
  'FILEMODES',
  'FILERDEVS',
  'FILEMTIMES',
  'FILEDIGESTS',
  'FILELINKTOS',
  'FILEFLAGS',
  'FILEUSERNAME',
  'FILEGROUPNAME',
  'FILEVERIFYFLAGS',
  'FILEDEVICES',
  'FILEINODES',
  'FILELANGS',
  'DIRINDEXES',
  'BASENAMES',
  'DIRNAMES',
  'OLDFILENAMES',
  'FILECOLORS',
  'FILECLASS',
  'CLASSDICT',
  'FILEDEPENDSX',
  'FILEDEPENDSN',
  'DEPENDSDICT',
  'FILECAPS',
  'FILEDIGESTALGO',
  'FILEMIMEINDEX',
  'MIMEDICT',
  'FILESTATES',
  'PAYLOADFORMAT',
  'PAYLOADCOMPRESSOR',
  'PAYLOADFLAGS',
  'PAYLOADDIGEST',
  'PAYLOADDIGESTALGO',
  'PAYLOADDIGESTALT',
  'PAYLOADSIZE',
  'PAYLOADSIZEALT',
  'PAYLOADSHA512',
  'PAYLOADSHA512ALT',
  'PAYLOADSHA3_256',
  'PAYLOADSHA3_256ALT',
  'ENCODING',
  'FILESIGNATURES',
  'FILESIGNATURELENGTH',
  'VERITYSIGNATURES',
  'VERITYSIGNATUREALGO',
])

const DEPENDENCY_KINDS = [
  'PROVIDES',
  'REQUIRES',
  'CONFLICTS',
  'OBSOLETES',
  'RECOMMENDS',
  'SUGGESTS',
  'SUPPLEMENTS',
  'ENHANCES',
  'ORDER',
] as const satisfies readonly DependencyKind[]

/** The tags of dependencies, shown together as one field where the names stand. */
const KIND_OF_TAG: ReadonlyMap<string, DependencyKind | undefined> = new Map(
  DEPENDENCY_KINDS.flatMap((kind) =>
    DEPENDENCY_TAGS[kind].map((tag, i): [string, DependencyKind | undefined] => [tag, i === 0 ? kind : undefined]),
  ),
)

/** The kind that a field's name means, in capitals. */
export function dependencyKind(name: string): DependencyKind | undefined {
  return DEPENDENCY_KINDS.find((kind) => kind === name)
}

/** Letters of rpm's `fflags` format. */
const FLAG_LETTERS: readonly (readonly [string, number])[] = [
  ['d', FILE_FLAGS.DOC],
  ['c', FILE_FLAGS.CONFIG],
  ['m', FILE_FLAGS.MISSINGOK],
  ['n', FILE_FLAGS.NOREPLACE],
  ['g', FILE_FLAGS.GHOST],
  ['l', FILE_FLAGS.LICENSE],
  ['r', FILE_FLAGS.README],
  ['a', FILE_FLAGS.ARTIFACT],
]

/**
 * A header as fields in the order of its tags: names as `rpm --querytags` has them, one field for each value. A dependency is `REQUIRES`,
 * `REQUIRES(pre,post)` and so on with the text `name >= evr`; a file that has flags is a FILEFLAGS with rpm's letters for them and its path
 * (`cn /etc/foo`). Binary values are hex. What the payload or the digests decide is left out.
 */
export function fieldsOf(header: Header): (readonly [name: string, value: string])[] {
  const fields: (readonly [string, string])[] = []
  for (const tag of header.tags) {
    const name = tagName(tag)
    if (name === undefined) continue
    if (tag === TAGS.FILEFLAGS.number) fields.push(...flagFields(header))
    if (COMPUTED_TAGS.has(name)) continue
    if (KIND_OF_TAG.has(name)) {
      const kind = KIND_OF_TAG.get(name)
      if (kind) fields.push(...dependencyFields(header, kind))
      continue
    }
    for (const value of valuesOf(header, tag)) fields.push([name, value])
  }
  return fields
}

function valuesOf({ raw }: Header, tag: number): readonly string[] {
  const type = raw.type(tag)
  if (type === 7) return [raw.binary(tag)?.toString('hex') ?? '']
  if (type === 9) return raw.strings(tag).slice(0, 1)
  return type === 6 || type === 8 ? raw.strings(tag) : raw.numbers(tag).map(String)
}

function dependencyFields(header: Header, kind: DependencyKind): [string, string][] {
  return dependenciesOf(header, kind).map(({ name, flags, evr }) => {
    const qualifiers = [...QUALIFIERS].filter(([, bit]) => flags & bit).map(([word]) => word)
    const operator = operatorOf(flags)
    return [
      qualifiers.length === 0 ? kind : `${kind}(${qualifiers.join(',')})`,
      operator === undefined ? name : `${name} ${operator} ${evr}`,
    ]
  })
}

function flagFields(header: Header): [string, string][] {
  const paths = filePaths(header)
  return header.numbers('FILEFLAGS').flatMap((flags, i): [string, string][] => {
    const letters = FLAG_LETTERS.filter(([, bit]) => flags & bit).map(([letter]) => letter)
    return letters.length === 0 ? [] : [['FILEFLAGS', `${letters.join('')} ${paths[i] ?? ''}`]]
  })
}

/** FILEFLAGS bits of letters; undefined for a letter that is none. */
export function flagsOfLetters(letters: string): number | undefined {
  let flags = 0
  for (const letter of letters) {
    const bit = FLAG_LETTERS.find(([known]) => known === letter)?.[1]
    if (bit === undefined) return undefined
    flags |= bit
  }
  return flags
}
