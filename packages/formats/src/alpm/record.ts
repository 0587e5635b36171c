import { isErrorCode } from '@holotype/base'
import type { Dependencies, PackageRecord, Relation } from '../types.ts'
import type { Complain, Pkginfo } from './pkginfo.ts'
import { clauseOf, type RelationCache } from './relation.ts'

/** What a record is made of, by the names that .PKGINFO has; of lists each member once. */
export interface FieldValues {
  readonly pkgname?: string
  readonly pkgbase?: string
  readonly pkgver?: string
  readonly pkgdesc?: string
  readonly arch?: string
  /** Bytes when installed. */
  readonly size?: string
  /** Bytes of the package file. */
  readonly csize?: string
  readonly sha256sum?: string
  readonly filename?: string
  readonly group?: readonly string[]
  readonly depend?: readonly string[]
  readonly provides?: readonly string[]
  readonly conflict?: readonly string[]
  readonly replaces?: readonly string[]
  readonly files?: readonly string[]
}

/** PKGBUILD(5), pkgname: it may not begin with a hyphen or a dot. */
const NAME = /^[A-Za-z0-9@_+][A-Za-z0-9@._+-]*$/
/** epoch, pkgver, pkgrel. A version is part of a directory's name and stands behind `=` in relations. */
const VERSION = /^(?:[0-9]+:)?[^\s/:<>=-]+-[^\s/:<>=-]+$/
const ARCHITECTURE = /^[A-Za-z0-9_]+$/
const SHA256 = /^[0-9a-f]{64}$/

export interface RecordOptions {
  readonly complain: Complain
  readonly cache?: RelationCache
}

/**
 * A record from its fields' values. Optional dependencies are no part of it: pacman never installs them by itself.
 * @throws whatever `complain` makes
 */
export function recordOf(values: FieldValues, { complain, cache = new Map() }: RecordOptions): PackageRecord {
  const { pkgname: name, pkgver: version, arch: architecture, group, replaces, files } = values
  if (name === undefined || !NAME.test(name)) throw complain(`"${name ?? ''}" is no pkgname`)
  if (version === undefined || !VERSION.test(version))
    throw complain(`${name}: "${version ?? ''}" is no version of the form pkgver-pkgrel`)
  if (architecture === undefined || !ARCHITECTURE.test(architecture))
    throw complain(`${name}: "${architecture ?? ''}" is no architecture`)
  const sha256 = values.sha256sum ?? ''
  if (sha256 !== '' && !SHA256.test(sha256)) throw complain(`${name}: "${sha256}" is no SHA-256`)
  const filename = values.filename ?? ''
  // libalpm's own rule: the file lies beside the database.
  if (filename.startsWith('.') || filename.includes('/') || filename.includes('\0'))
    throw complain(`${name}: "${filename}" is no name of a file beside the database`)
  try {
    return {
      name,
      version,
      architecture,
      source: values.pkgbase ?? name,
      sourceVersion: version,
      essential: false,
      priority: '',
      section: '',
      multiArch: 'no',
      depends: clauses(values.depend, cache),
      preDepends: NO_CLAUSES,
      recommends: NO_CLAUSES,
      provides: relations(values.provides, cache),
      conflicts: relations(values.conflict, cache),
      breaks: NO_RELATIONS,
      replaces: NO_RELATIONS,
      ...(replaces && replaces.length > 0 ? { obsoletes: relations(replaces, cache) } : {}),
      ...(group && group.length > 0 ? { groups: group } : {}),
      ...(files && files.length > 0 ? { files } : {}),
      size: whole(values.csize, name, complain),
      installedSize: Math.ceil(whole(values.size, name, complain) / 1024),
      sha256,
      filename,
      description: values.pkgdesc ?? '',
    }
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) throw complain(`${name}: ${error.message}`, error)
    throw error
  }
}

/** A .PKGINFO's values. Of a field that should stand once the last counts, as in libalpm. */
export function valuesOf(fields: Pkginfo): FieldValues {
  const one = (name: string) => fields.findLast(([field]) => field === name)?.[1]
  const all = (name: string) => fields.flatMap(([field, value]) => (field === name && value !== '' ? [value] : []))
  const optional = (name: 'pkgname' | 'pkgbase' | 'pkgver' | 'pkgdesc' | 'arch' | 'size') => {
    const value = one(name)
    return value === undefined ? {} : { [name]: value }
  }
  return {
    ...optional('pkgname'),
    ...optional('pkgbase'),
    ...optional('pkgver'),
    ...optional('pkgdesc'),
    ...optional('arch'),
    ...optional('size'),
    group: all('group'),
    depend: all('depend'),
    provides: all('provides'),
    conflict: all('conflict'),
    replaces: all('replaces'),
  }
}

const NO_CLAUSES: Dependencies = []
const NO_RELATIONS: readonly Relation[] = []

function clauses(texts: readonly string[] | undefined, cache: RelationCache): Dependencies {
  return texts === undefined || texts.length === 0 ? NO_CLAUSES : texts.map((text) => clauseOf(text, cache))
}

function relations(texts: readonly string[] | undefined, cache: RelationCache): readonly Relation[] {
  return texts === undefined || texts.length === 0 ? NO_RELATIONS : texts.map((text) => clauseOf(text, cache)[0])
}

function whole(text: string | undefined, name: string, complain: Complain): number {
  if (text === undefined || text === '') return 0
  const number = Number(text)
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number)) throw complain(`${name}: "${text}" is no size`)
  return number
}
