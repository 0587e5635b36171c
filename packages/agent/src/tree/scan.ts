import { lstatSync, type Stats } from 'node:fs'
import { compareText, type Digest, errnoOf, failBase } from '@holotype/base'
import type { Entry, FileEntry } from '@holotype/store'
import { explain } from '../explain.ts'
import { PATH_GARBAGE_BYTES } from '../limits.ts'
import { served } from '../memory.ts'
import { hashFile } from '../state/hash-file.ts'
import type { Inside, StatCache } from '../state/stat-cache.ts'
import { compareLeaf, compareMetadata, hasType, isDirectory } from './compare.ts'
import { type Hardlinks, type LinkedName, linkWork } from './hardlinks.ts'
import { entryAt, type IdealTree } from './ideal.ts'
import { listDirectory } from './list-directory.ts'
import { parentOf, systemPath } from './names.ts'
import type {
  Difference,
  DifferenceKind,
  DirectoryMetadata,
  DirectoryWork,
  FinishingWork,
  LeafWork,
  MetadataWork,
  Plan,
  Removal,
} from './plan.ts'
import type { Territory } from './territory.ts'
import { readXattrs, type Xattrs, xattrsKey } from './xattrs.ts'

export interface ScanOptions {
  /** The resolved root directory. */
  readonly root: string
  readonly ideal: IdealTree
  /** The image the node claims to be at: what differs from it is drift. */
  readonly previous?: IdealTree
  readonly territory: Territory
  readonly cache: StatCache
  /** The files of the image that have several names. */
  readonly hardlinks?: Hardlinks
  /** The node is at no image yet: what the image has at an excluded path is laid out where nothing lies. */
  readonly first?: boolean
  /** Read every file again, whatever the stat cache knows. */
  readonly rehash?: boolean
  readonly now: () => number
  /** Called now and then with the number of paths so far. */
  readonly onPaths?: (paths: number) => void
}

type Children = ReadonlyMap<string, Entry>
const NONE: Children = new Map()
/** One list for the many paths of a first sync. */
const MISSING = ['missing'] as const

/** Our own temporary files, left by a run that was killed: extra, but nobody's drift. */
export const TEMPORARY = '.holotype-'

/**
 * Compares the actual tree with the ideal one and plans what leads from one to the other. Looks at every path by lstat; reads a file's
 * bytes only when its size is right and the stat cache does not know them. Changes nothing.
 * @throws AGENT_NOT_PERMITTED
 */
export async function scan(options: ScanOptions): Promise<Plan> {
  const walk = new Walk(options)
  const { ideal, previous } = options
  walk.directory('/', ideal.root, ideal.children(ideal.root.tree), previous?.children(previous.root.tree))
  walk.links()
  await walk.xattrs()
  return walk.plan()
}

class Walk {
  readonly #options: ScanOptions
  readonly #base: string
  /** The file that was read last: its bytes are asked for more than once. */
  #hashed: { readonly path: string; readonly digest: Digest | undefined } | undefined
  readonly #directories: DirectoryWork[] = []
  readonly #leaves: LeafWork[] = []
  readonly #metadata: MetadataWork[] = []
  readonly #removals: Removal[] = []
  /** Every directory of the image that will be there, children first, and the names of those to be finished. */
  readonly #all: FinishingWork[] = []
  readonly #touched = new Set<string>()
  readonly #extraXattrs = new Map<string, readonly string[]>()
  readonly #groups: ReadonlyMap<string, number>
  readonly #linked = new Map<string, LinkedName[]>()
  readonly #differences: Difference[] = []
  #drift: Set<string> = new Set<string>()
  readonly #blocked: string[] = []
  /** Files that were read and that the stat cache does not learn, by their bytes. */
  readonly #held = new Map<Digest, string>()
  /** Paths whose extended attributes are not known from the stat cache, and those of them that are to have some. */
  readonly #suspects: string[] = []
  readonly #marked: string[] = []
  #paths = 0
  #wanted = 0

  constructor(options: ScanOptions) {
    this.#options = options
    this.#base = options.root === '/' ? '' : options.root
    this.#groups = new Map((options.hardlinks ?? []).flatMap((group, index) => group.map((path) => [path, index])))
  }

  plan(): Plan {
    return {
      directories: this.#directories,
      leaves: this.#leaves,
      metadata: this.#metadata,
      removals: this.#removals,
      finishing: this.#all
        .filter(({ path }) => this.#touched.has(path))
        .map((work) => {
          const extra = this.#extraXattrs.get(work.path)
          return extra ? { ...work, xattrs: { extra } } : work
        }),
      differences: this.#differences
        .map((one) => (one.path.isWellFormed() ? one : { ...one, path: one.path.toWellFormed() }))
        .sort((a, b) => compareText(a.path, b.path)),
      drift: [...this.#drift].map((path) => path.toWellFormed()).sort(compareText),
      blocked: this.#blocked,
      held: this.#heldFor(this.#leaves),
      paths: this.#paths,
      wanted: this.#wanted,
    }
  }

  /** Where in the root the bytes of leaves lie already. */
  #heldFor(leaves: readonly LeafWork[]): Plan['held'] {
    const wanted = new Set(leaves.flatMap(({ entry }) => (entry.type === 'file' ? [entry.digest] : [])))
    if (wanted.size === 0) return new Map()
    const read = [...this.#held].filter(([digest]) => wanted.has(digest))
    return new Map([...read, ...this.#options.cache.pathsOf(wanted)])
  }

  /** A directory of the image that is (or will be) there: its children, then itself. `created`: nothing is there yet. */
  directory(
    path: string,
    entry: DirectoryMetadata,
    ideal: Children,
    previous: Children | undefined,
    created = false,
  ): void {
    const { territory, first } = this.#options
    this.#wanted++
    const stat = created ? undefined : this.#stat(path)
    const listed = !stat || territory.allBelowUntouched(path) ? [] : listDirectory(this.#base + path, path)
    const prefix = path === '/' ? '/' : `${path}/`
    const known = new Set<string>()
    for (const name of listed) {
      known.add(name)
      const child = `${prefix}${name}`
      if (territory.untouched(child)) continue
      const wanted = ideal.get(name)
      const actual = this.#stat(child)
      if (wanted) this.#child(child, actual, wanted, previous && (previous.get(name) ?? null))
      else if (actual) this.#extra(child, actual, previous && (previous.get(name) ?? null), this.#removals)
    }
    for (const [name, wanted] of ideal) {
      const child = `${prefix}${name}`
      if (known.has(name)) continue
      if (territory.untouched(child) && !(first && (created || !this.#stat(child)))) continue
      this.#child(child, undefined, wanted, previous && (previous.get(name) ?? null))
    }
    const mtime = !territory.mayHoldUntouched(path)
    this.#all.push({ path, entry, mtime: mtime || created })
    const kinds = stat ? compareMetadata(stat, entry, { mtime: !mtime }) : []
    // Also when they are known to differ: which are too many is to be told by name.
    const inside = stat && this.#known(path, stat)
    if (stat && (!inside || inside.xattrs !== xattrsKey(entry.xattrs))) this.#suspect(path, stat, entry)
    if (kinds.length > 0) this.#differ(path, kinds)
    if (created || kinds.length > 0) this.#touched.add(path)
  }

  /** What the stat cache knows of a path; nothing when all is to be read again. */
  #known(path: string, stat: Stats): Inside | undefined {
    return this.#options.rehash ? undefined : this.#options.cache.get(path, stat)
  }

  /** Notes a path of the image whose extended attributes are to be looked at; all else that a look inside shows is learnt. */
  #suspect(path: string, stat: Stats, { xattrs }: Pick<Entry, 'xattrs'>, digest?: Digest): void {
    const { cache, now } = this.#options
    this.#suspects.push(path)
    if (xattrs) this.#marked.push(path)
    const learnt = cache.set(path, stat, digest ? { digest } : {}, now())
    if (digest && learnt) this.#held.delete(digest)
  }

  /** Decides the names of files that have several. */
  links(): void {
    for (const names of this.#linked.values())
      for (const work of linkWork(names)) {
        this.#leaf(work)
        // With a difference of its own it is noted already.
        if (!names.some((name) => name.path === work.path && name.work)) this.#differByLinks(work.path)
      }
  }

  async xattrs(): Promise<void> {
    const taken = new Set(this.#leaves.map(({ path }) => path))
    const isLeft = (path: string) => !taken.has(path)
    const suspects = this.#suspects.filter(isLeft)
    const marked = this.#marked.filter(isLeft)
    if (suspects.length === 0) return
    const { root, cache } = this.#options
    const found = await readXattrs(root, suspects)
    // Without tar a root whose image has no extended attributes can still be kept; one that has them cannot.
    if (!found && marked.length > 0)
      throw failBase('PROCESS_NOT_FOUND', { what: 'the image has extended attributes and tar is not installed' })
    for (const path of new Set([...marked, ...(found?.keys() ?? [])])) {
      const actual = found?.get(path) ?? {}
      const xattrs = xattrsKey(actual)
      if (xattrs) cache.setXattrs(path, xattrs)
      const entry = path === '/' ? undefined : entryAt(this.#options.ideal, path)
      const wanted: DirectoryMetadata = entry ?? this.#options.ideal.root
      if (xattrs === xattrsKey(wanted.xattrs)) continue
      this.#differ(path, ['xattrs'])
      this.#driftIfStill(path)
      if (entry && entry.type !== 'directory') this.#rewrite(path, entry)
      else this.#finishXattrs(path, wanted, actual)
    }
  }

  #finishXattrs(path: string, wanted: DirectoryMetadata, actual: Xattrs): void {
    this.#touched.add(path)
    const extra = Object.entries(actual).filter(([name, value]) => wanted.xattrs?.[name] !== value)
    this.#extraXattrs.set(
      path,
      extra.map(([name]) => name),
    )
  }

  #leaf(work: LeafWork): void {
    this.#leaves.push(work)
    this.#touched.add(parentOf(work.path))
  }

  /** A path of the image. `previous`: null where the claimed image has nothing, undefined where no image is claimed. */
  #child(path: string, actual: Stats | undefined, entry: Entry, previous: Entry | null | undefined): void {
    if (entry.type === 'directory') this.#idealDirectory(path, actual, entry, previous)
    else this.#idealLeaf(path, actual, entry, previous)
  }

  #idealDirectory(
    path: string,
    actual: Stats | undefined,
    entry: Extract<Entry, { type: 'directory' }>,
    previous: Entry | null | undefined,
  ) {
    const { ideal, previous: claimed } = this.#options
    const children = ideal.children(entry.tree)
    const before =
      previous?.type === 'directory' && claimed
        ? previous.tree === entry.tree
          ? children
          : claimed.children(previous.tree)
        : previous === undefined
          ? undefined
          : NONE
    const present = actual !== undefined && isDirectory(actual)
    if (!present) {
      this.#directories.push({ path, entry, replaces: actual ? 'leaf' : 'nothing' })
      this.#touched.add(parentOf(path))
      this.#differ(path, actual ? ['type'] : MISSING)
      this.#driftUnless(path, actual, previous)
    } else if (
      previous &&
      this.#differs(path, actual, previous, true) &&
      compareMetadata(actual, entry, { mtime: true }).length > 0
    ) {
      this.#drift.add(path)
    }
    this.directory(path, entry, children, before, !present)
  }

  #idealLeaf(
    path: string,
    actual: Stats | undefined,
    entry: Exclude<Entry, { type: 'directory' }>,
    previous: Entry | null | undefined,
  ) {
    this.#wanted++
    const group = entry.type === 'file' ? this.#groupOf(path, entry) : undefined
    const take = (work: LeafWork | undefined) => {
      if (!group || entry.type !== 'file') return work && this.#leaf(work)
      group.push({ path, entry, actual, work })
    }
    if (!actual) {
      this.#differ(path, MISSING)
      this.#driftUnless(path, actual, previous)
      return take({ path, entry })
    }
    if (isDirectory(actual)) return this.#leafOverDirectory(path, actual, entry, previous, take)
    const known = this.#known(path, actual)
    const digest = () => this.#digest(path, actual, known)
    const kinds = compareLeaf(actual, entry, { path: this.#base + path, digest })
    if (known && known.xattrs !== xattrsKey(entry.xattrs)) kinds.push('xattrs')
    if (entry.type === 'file' && !group && actual.nlink > 1 && kinds.length === 0) {
      this.#differByLinks(path)
      return take({ path, entry })
    }
    if (kinds.length > 0) {
      this.#differ(path, kinds)
      this.#driftUnless(path, actual, previous)
    }
    // Changing the owner takes a capability away, and another name of the same inode may be outside the image: written anew.
    const inPlace = entry.type === 'file' && !group && !entry.xattrs && actual.nlink === 1
    if (kinds.length === 0) take(undefined)
    else if (inPlace && !kinds.some((kind) => kind === 'content' || kind === 'type' || kind === 'xattrs'))
      this.#metadata.push({ path, entry })
    else return take({ path, entry })
    if (!known) this.#suspect(path, actual, entry, entry.type === 'file' ? entry.digest : undefined)
  }

  #leafOverDirectory(
    path: string,
    actual: Stats,
    entry: LeafWork['entry'],
    previous: Entry | null | undefined,
    take: (work: LeafWork) => void,
  ): void {
    const retire: Removal[] = []
    const [differences, drift] = [this.#differences.length, new Set(this.#drift)]
    if (!this.#extra(path, actual, previous, retire)) {
      this.#blocked.push(path)
      this.#differences.length = differences
      this.#drift = drift
      return
    }
    // The last one noted is the directory itself: it is no extra path but of the wrong type.
    this.#differences.pop()
    this.#differ(path, ['type'])
    take({ path, entry, retire: retire.map((removal) => ({ ...removal, path: removal.path.slice(path.length) })) })
  }

  /** Attributes differ: a leaf gets others only with a new inode, and so do all names of the old one. */
  #rewrite(path: string, entry: LeafWork['entry']): void {
    const index = this.#metadata.findIndex((work) => work.path === path)
    if (index >= 0) this.#metadata.splice(index, 1)
    const group = entry.type === 'file' ? this.#groupOf(path, entry) : undefined
    const [first] = group ?? []
    if (!first) return this.#leaf({ path, entry })
    const taken = new Set(this.#leaves.map((work) => work.path))
    for (const name of group ?? [])
      if (!taken.has(name.path)) this.#leaf({ path: name.path, entry: name.entry, link: first.path })
  }

  /** The names found so far of the file that a path is a name of, when it has several. */
  #groupOf(path: string, entry: FileEntry): LinkedName[] | undefined {
    const index = this.#groups.get(path)
    if (index === undefined || this.#options.territory.untouched(path)) return undefined
    // Names of one file are equal in an image; what is not equal cannot be one file.
    const key = [index, entry.digest, entry.mode, entry.uid, entry.gid, entry.mtime, xattrsKey(entry.xattrs)].join(' ')
    const names = this.#linked.get(key) ?? []
    this.#linked.set(key, names)
    return names
  }

  #differByLinks(path: string): void {
    this.#differ(path, ['links'])
    this.#driftIfStill(path)
  }

  /** Drift when the node claims the very image that it is to be at: what another image had here is not known. */
  #driftIfStill(path: string): void {
    if (this.#options.previous === this.#options.ideal) this.#drift.add(path)
  }

  /** Plans the removal of what the image does not have. False when something below must stay: then its directory stays too. */
  #extra(path: string, actual: Stats, previous: Entry | null | undefined, into: Removal[]): boolean {
    const { territory, previous: claimed } = this.#options
    const directory = isDirectory(actual)
    let gone = true
    const found: Removal[] = []
    const below: { path: string; actual: Stats; previous: Entry | null | undefined }[] = []
    if (directory) {
      const before =
        previous?.type === 'directory' && claimed
          ? claimed.children(previous.tree)
          : previous === undefined
            ? undefined
            : NONE
      for (const name of listDirectory(this.#base + path, path)) {
        const child = `${path}/${name}`
        const stat = this.#stat(child)
        if (territory.untouched(child)) gone = false
        else if (stat) below.push({ path: child, actual: stat, previous: before && (before.get(name) ?? null) })
      }
    }
    for (const child of below) if (!this.#extra(child.path, child.actual, child.previous, found)) gone = false
    into.push(...found)
    if (!gone) return false
    into.push({ path, type: directory ? 'directory' : 'leaf' })
    this.#touched.add(parentOf(path))
    this.#differ(path, ['extra'])
    const ours = path.slice(path.lastIndexOf('/') + 1).startsWith(TEMPORARY)
    if (!ours) this.#driftUnless(path, actual, previous)
    return true
  }

  #differ(path: string, kinds: readonly DifferenceKind[]): void {
    this.#differences.push({ path, kinds })
  }

  /** Drift, unless the path is what the claimed image has: then it is the image that moved. */
  #driftUnless(path: string, actual: Stats | undefined, previous: Entry | null | undefined): void {
    if (previous === undefined) return
    const asClaimed = actual ? previous !== null && !this.#differs(path, actual, previous, false) : previous === null
    if (!asClaimed) this.#drift.add(path)
  }

  #differs(path: string, actual: Stats, entry: Entry, directoryOnly: boolean): boolean {
    if (entry.type === 'directory')
      return !hasType(actual, 'directory') || compareMetadata(actual, entry, { mtime: true }).length > 0
    if (directoryOnly) return true
    const known = this.#known(path, actual)
    if (known && known.xattrs !== xattrsKey(entry.xattrs)) return true
    const digest = () => this.#digest(path, actual, known)
    return compareLeaf(actual, entry, { path: this.#base + path, digest }).length > 0
  }

  #digest(path: string, stat: Stats, known: Inside | undefined = this.#known(path, stat)): Digest | undefined {
    if (known) return known.digest
    if (this.#hashed?.path === path) return this.#hashed.digest
    let digest: Digest | undefined
    try {
      digest = hashFile(this.#base + path)
    } catch (error) {
      // Bytes that the disk does not give back are bytes to write anew.
      if (errnoOf(error) !== 'EIO' && errnoOf(error) !== 'ENOENT') throw explain(error, path)
    }
    this.#hashed = { path, digest }
    if (digest) this.#held.set(digest, path)
    return digest
  }

  #stat(path: string): Stats | undefined {
    served(PATH_GARBAGE_BYTES)
    if (++this.#paths % 2000 === 0) this.#options.onPaths?.(this.#paths)
    try {
      return lstatSync(systemPath(this.#base + path), { throwIfNoEntry: false })
    } catch (error) {
      throw explain(error, path)
    }
  }
}
