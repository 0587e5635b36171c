import { isErrorCode } from '@holotype/base'
import type { Dependencies, PackageRecord, Relation } from '../types.ts'
import { isArchitecture, isName, splitPkgver } from './pkgver.ts'
import { type RelationCache, sharedPattern } from './relation.ts'
import type { Complain } from './plist-scanner.ts'

/** The properties a record is made of, as props.plist and index.plist have them. */
export interface RecordProperties {
  pkgver?: string
  architecture?: string
  short_desc?: string
  /** The pkgver of what it was built from. */
  sourcepkg?: string
  /** `template:revision`, which tells the source of packages that are older than `sourcepkg`. */
  'source-revisions'?: string
  /** Bytes. */
  installed_size?: number
  'filename-size'?: number
  'filename-sha256'?: string
  run_depends?: readonly string[]
  provides?: readonly string[]
  conflicts?: readonly string[]
  replaces?: readonly string[]
  'shlib-requires'?: readonly string[]
  'shlib-provides'?: readonly string[]
}

export const TEXT_PROPERTIES = [
  'pkgver',
  'architecture',
  'short_desc',
  'sourcepkg',
  'source-revisions',
  'filename-sha256',
] as const
export const NUMBER_PROPERTIES = ['installed_size', 'filename-size'] as const
export const LIST_PROPERTIES = [
  'run_depends',
  'provides',
  'conflicts',
  'replaces',
  'shlib-requires',
  'shlib-provides',
] as const

/** What records of one index share. */
export interface Shared {
  readonly relations: RelationCache
  readonly none: readonly never[]
}

export function sharedParts(): Shared {
  return { relations: new Map(), none: [] }
}

/**
 * A record from its properties. `filename` is where the package file lies: a repository is one directory.
 * @throws what `complain` makes
 */
export function recordOf(
  properties: RecordProperties,
  complain: Complain,
  shared: Shared = sharedParts(),
): PackageRecord {
  const { pkgver = '', architecture = '', 'filename-sha256': sha256 = '' } = properties
  const split = splitPkgver(pkgver)
  if (!split) throw complain(`"${pkgver}" is no pkgver such as foo-1.0_1`)
  const { name, version } = split
  if (!isArchitecture(architecture)) throw complain(`${pkgver}: "${architecture}" is no architecture`)
  if (sha256 !== '' && !/^[0-9a-f]{64}$/.test(sha256)) throw complain(`${pkgver}: "${sha256}" is no SHA-256`)
  const lists = (properties: readonly string[] | undefined): Dependencies => {
    if (!properties) return shared.none
    try {
      return properties.map((pattern) => sharedPattern(pattern, shared.relations))
    } catch (error) {
      if (isErrorCode(error, 'RELATION_MALFORMED')) throw complain(`${pkgver}: ${error.message}`, error)
      throw error
    }
  }
  const flat = (properties: readonly string[] | undefined): readonly Relation[] =>
    properties ? lists(properties).flat() : shared.none
  const { replaces, 'shlib-requires': requires = [], 'shlib-provides': shlibs = [] } = properties
  return {
    name,
    version,
    architecture,
    ...sourceOf(properties, split),
    essential: false,
    priority: '',
    section: '',
    multiArch: 'no',
    depends: lists(properties.run_depends),
    preDepends: shared.none,
    recommends: shared.none,
    // What is no pkgver provides nothing: xbps passes over it with a warning.
    provides: flat(properties.provides?.filter((text) => splitPkgver(text))),
    conflicts: flat(properties.conflicts),
    breaks: shared.none,
    replaces: shared.none,
    ...(replaces && replaces.length > 0 ? { obsoletes: flat(replaces) } : {}),
    ...(requires.length > 0 ? { shlibRequires: requires } : {}),
    ...(shlibs.length > 0 ? { shlibProvides: shlibs } : {}),
    size: properties['filename-size'] ?? 0,
    installedSize: Math.ceil((properties.installed_size ?? 0) / 1024),
    sha256,
    filename: `${pkgver}.${architecture}.xbps`,
    description: properties.short_desc ?? '',
  }
}

function sourceOf(
  { sourcepkg, 'source-revisions': revisions }: RecordProperties,
  own: { readonly name: string; readonly version: string },
): Pick<PackageRecord, 'source' | 'sourceVersion'> {
  const split = sourcepkg === undefined ? undefined : splitPkgver(sourcepkg)
  if (split) return { source: split.name, sourceVersion: split.version }
  const template = revisions?.slice(0, Math.max(0, revisions.indexOf(':')))
  return { source: template !== undefined && isName(template) ? template : own.name, sourceVersion: own.version }
}
