import { type Digest, isDigest } from '@holotype/base'
import { rulesOf, type VersionOrder } from '@holotype/formats/rules'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'

/** A package of an image, as its set and its lock together know it. */
export interface ImagePackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  readonly sourceVersion: string
  /** The package file; absent when the lock does not name the package. */
  readonly file?: Digest
}

/** What the diff needs of an image. */
export interface ReadImage {
  readonly digest: Digest
  readonly name: string
  readonly format: VersionOrder
  readonly tree: Digest
  /** Its order of start; absent: it holds no init, or was composed before orders were frozen. */
  readonly boot?: Digest
  readonly bytes: number
  readonly packages: readonly ImagePackage[]
  /** `package:NAME`, `spec` or `step:NAME` of an absolute path. */
  readonly ownerOf: (path: string) => string | undefined
}

/**
 * Reads an image manifest with its package set, lock and owners.
 * @throws IMAGE_MALFORMED, FORMAT_UNKNOWN, OBJECT_MISSING, OBJECT_CORRUPT
 */
export function readImage(store: Store, digest: Digest): ReadImage {
  const manifest = recordOf(store.readJson(digest), 'the image manifest')
  if (manifest['schema'] !== 'holotype.image/1') throw malformed(`${digest} is no holotype.image/1`)
  const bytes = recordOf(manifest['stats'], 'stats')['bytes']
  return {
    digest,
    name: textOf(manifest, 'name'),
    format: rulesOf(textOf(manifest, 'format')),
    tree: digestOfMember(recordOf(manifest['root'], 'root'), 'tree'),
    ...(manifest['boot'] === undefined ? {} : { boot: digestOfMember(manifest, 'boot') }),
    bytes: typeof bytes === 'number' ? bytes : 0,
    packages: readPackages(store, digestOfMember(manifest, 'packages'), digestOfMember(manifest, 'lock')),
    ownerOf: readOwners(store, digestOfMember(manifest, 'owners')),
  }
}

function readPackages(store: Store, set: Digest, lock: Digest): ImagePackage[] {
  const locked = new Map<string, ImagePackage>()
  for (const value of listOf(recordOf(store.readJson(lock), 'the lock')['packages'], 'the lock')) {
    const item = recordOf(value, 'a locked package')
    const sha256 = `sha256:${textOf(item, 'sha256')}`
    if (!isDigest(sha256)) throw malformed('a locked package has no sha256')
    const sources = { source: textOf(item, 'source'), sourceVersion: textOf(item, 'sourceVersion') }
    const found = { ...identityOf(item), ...sources, file: sha256 }
    locked.set(keyOf(found), found)
  }
  return listOf(store.readJson(set), 'the package set').map((value) => {
    const item = identityOf(recordOf(value, 'a package of the set'))
    return locked.get(keyOf(item)) ?? { ...item, source: item.name, sourceVersion: item.version }
  })
}

function identityOf(item: Record<string, unknown>): { name: string; version: string; architecture: string } {
  return { name: textOf(item, 'name'), version: textOf(item, 'version'), architecture: textOf(item, 'architecture') }
}

function keyOf({ name, version, architecture }: Pick<ImagePackage, 'name' | 'version' | 'architecture'>): string {
  return `${name} ${version} ${architecture}`
}

function readOwners(store: Store, digest: Digest): (path: string) => string | undefined {
  const owners = new Map<string, string>()
  for (const [owner, paths] of Object.entries(recordOf(store.readJson(digest), 'the owners')))
    for (const path of listOf(paths, `the paths of ${owner}`)) if (typeof path === 'string') owners.set(path, owner)
  return (path) => owners.get(path)
}

function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw malformed(`${what} is no object`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${what} is no list`)
  return value
}

function textOf(value: Record<string, unknown>, key: string): string {
  const member = value[key]
  if (typeof member !== 'string') throw malformed(`${key} is no text`)
  return member
}

function digestOfMember(value: Record<string, unknown>, key: string): Digest {
  const member = value[key]
  if (!isDigest(member)) throw malformed(`${key} is no digest`)
  return member
}

function malformed(why: string): Error {
  return fail('IMAGE_MALFORMED', { what: `an image cannot be read: ${why}` })
}
