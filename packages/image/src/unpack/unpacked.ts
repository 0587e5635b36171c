import { type Digest, isErrorCode } from '@holotype/base'
import { type PathEntry, type Store, walkTree } from '@holotype/store'
import { fail } from '../errors.ts'

/**
 * A package file taken apart into the store, once for ever: an object under the note `unpacked-2/<hex of the package file>`.
 * `control` holds the package manager's own members (for deb those of control.tar).
 */
export interface Unpacked {
  readonly schema: 'holotype.unpacked/1'
  readonly tree: Digest
  /** Groups of payload paths that are one file with several names; the first is the one the archive holds the bytes under. */
  readonly hardlinks?: readonly (readonly string[])[]
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly control: Readonly<Record<string, { readonly digest: Digest; readonly mode: number }>>
}

/** The number rises when unpacking records more than before: what an older release noted is then unpacked again. */
export function unpackedKey(packageFile: Digest): string {
  return `unpacked-2/${packageFile.slice('sha256:'.length)}`
}

/**
 * What is remembered of a package file that was unpacked before. A note is a hint and no promise: where its objects are gone (a crash, a
 * store cleaned by hand), the package counts as never unpacked.
 * @throws IMAGE_MALFORMED, OBJECT_CORRUPT
 */
export function recallUnpacked(store: Store, packageFile: Digest): Unpacked | undefined {
  const note = store.recall(unpackedKey(packageFile))
  if (note === undefined || !store.has(asDigest(note))) return undefined
  const value = store.readJson(asDigest(note))
  if (!isUnpacked(value)) throw fail('IMAGE_MALFORMED', { what: `${note} is not an unpacked package` })
  return store.has(value.tree) ? value : undefined
}

/** An object of the store that names a tree: a package, or what scripts changed. */
interface Treed {
  readonly tree: Digest
}

const walked = new WeakMap<Treed, readonly PathEntry[]>()

/** Every path of a tree that stays as it is, a directory before what it holds; read once from the store. @throws OBJECT_MISSING, OBJECT_CORRUPT */
export function pathsOf(store: Store, of: Treed): readonly PathEntry[] {
  const known = walked.get(of) ?? [...walkTree(store, of.tree)]
  walked.set(of, known)
  return known
}

/** Whether every object below is there: directories are read, of files and control members it costs one stat each. @throws OBJECT_CORRUPT */
export function isWhole(store: Store, of: Treed & Partial<Pick<Unpacked, 'control'>>): boolean {
  try {
    const files = new Set(pathsOf(store, of).flatMap(({ entry }) => (entry.type === 'file' ? [entry.digest] : [])))
    for (const { digest } of Object.values(of.control ?? {})) files.add(digest)
    for (const digest of files) if (!store.has(digest)) return false
    return true
  } catch (error) {
    if (isErrorCode(error, 'OBJECT_MISSING')) return false
    throw error
  }
}

/** A text that must be a digest. @throws IMAGE_MALFORMED */
export function asDigest(text: string): Digest {
  if (!/^sha256:[0-9a-f]{64}$/.test(text))
    throw fail('IMAGE_MALFORMED', { what: `${text.slice(0, 80)} is not a digest` })
  return `sha256:${text.slice(7)}`
}

function isUnpacked(value: unknown): value is Unpacked {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.unpacked/1'
}
