import type { Progress } from '@holotype/base'
import { formatOf, type PackageRecord } from '@holotype/formats'
import { isSharedObject, type Lock, type LockedPackage } from '@holotype/solver'
import { type Store, walkTree } from '@holotype/store'
import { missingSonames } from '../lock/check-lock.ts'
import { recallSonames } from '../lock/sonames-note.ts'
import { digestOfFile } from '../package-threads.ts'
import { unpackAll } from '../unpack/unpack-all.ts'

/** A locked package with all that a plan asks of it. */
export interface SidePackage {
  readonly locked: LockedPackage
  /** `files` holds every path it has, as relations on paths ask for them. */
  readonly record: PackageRecord
  /** Absolute path → a word for what lies there. */
  readonly files: ReadonlyMap<string, string>
  readonly sonames: { readonly provided: readonly string[]; readonly needed: readonly string[] }
  readonly scripts: number
}

export interface ReadSideOptions {
  readonly store: Store
  readonly lock: Pick<Lock, 'format' | 'architecture' | 'packages'>
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/**
 * The packages of a lock, read from the store: each file is unpacked and looked into once for ever.
 * @throws UNPACK_FAILED, OBJECT_MISSING (a package file was never fetched), PACKAGE_*, DISK_FULL, the signal's reason
 */
export async function readSide({ store, lock, progress, signal }: ReadSideOptions): Promise<SidePackage[]> {
  const unpacked = await unpackAll({ store, lock, progress, signal })
  await missingSonames({ store, lock, progress, ...(signal ? { signal } : {}) })
  const found: SidePackage[] = []
  for (const [at, locked] of lock.packages.entries()) {
    const tree = unpacked[at]?.unpacked.tree
    const file = await formatOf(lock.format).readPackage(store.pathOf(digestOfFile(locked)))
    const files = tree === undefined ? new Map<string, string>() : filesOf(store, tree, lock)
    found.push({
      locked,
      record: { ...file.record, files: [...files.keys()] },
      files,
      sonames: sonamesOf(store, lock, locked),
      scripts: file.scripts.length,
    })
  }
  return found
}

/** What lies in /usr where it is merged (file-hierarchy(7)). */
const UNMERGED = /^\/(?:s?bin|lib(?:32|64|x32)?)\//
const LAYOUT = /^\/(?:s?bin|lib(?:32|64|x32)?)$/

/** A path as it is under a merged /usr. */
export function mergedPath(path: string): string {
  return UNMERGED.test(path) ? `/usr${path}` : path
}

/** Whether a package holds the links that merge /usr: what names paths without it finds nothing when they go. */
export function holdsLayout({ files }: SidePackage): boolean {
  return [...files].some(([path, word]) => word.startsWith('-> ') && LAYOUT.test(path))
}

/**
 * dpkg's roots have a merged /usr, and directories are whoever's came first. rpm holds a directory apart from a link to one, and from one of another
 * mode or owner (`rpmfilesCompare`, rpm 4.18).
 */
function filesOf(
  store: Store,
  tree: Parameters<typeof walkTree>[1],
  { format }: ReadSideOptions['lock'],
): Map<string, string> {
  const files = new Map<string, string>()
  for (const { path, entry } of walkTree(store, tree)) {
    const place = format === 'deb' ? mergedPath(`/${path}`) : `/${path}`
    if (entry.type === 'file') files.set(place, `${entry.digest} ${entry.mode} ${entry.uid} ${entry.gid}`)
    else if (entry.type === 'symlink') files.set(place, `-> ${entry.target}`)
    else if (entry.type !== 'directory') files.set(place, entry.type)
    else if (format === 'rpm') files.set(place, `directory ${entry.mode} ${entry.uid} ${entry.gid}`)
  }
  return files
}

/** As `checkSonames` looks for them; those of another architecture under its name. */
function sonamesOf(
  store: Store,
  { architecture }: ReadSideOptions['lock'],
  locked: LockedPackage,
): SidePackage['sonames'] {
  const note = recallSonames(store, digestOfFile(locked))
  const { objects = [], links = [] } = note ?? {}
  const own = (names: readonly string[]) =>
    [...new Set(names)].map((name) => (locked.architecture === architecture ? name : `${name} ${locked.architecture}`))
  const files = objects.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).filter(isSharedObject)
  return {
    provided: own([...objects.flatMap(({ soname }) => soname ?? []), ...files, ...links]),
    needed: own(objects.flatMap(({ needed }) => needed)),
  }
}
