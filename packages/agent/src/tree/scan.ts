import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { compareText, type Digest, errnoOf, HolotypeError } from '@holotype/base'
import type { Entry } from '@holotype/store'
import { explain } from '../explain.ts'
import { hashFile } from '../state/hash-file.ts'
import type { StatCache } from '../state/stat-cache.ts'
import { compareLeaf, compareMetadata, hasType, isDirectory } from './compare.ts'
import type { IdealTree } from './ideal.ts'
import type {
  Difference,
  DifferenceKind,
  DirectoryMetadata,
  DirectoryWork,
  LeafWork,
  MetadataWork,
  Plan,
  Removal,
} from './plan.ts'
import type { Territory } from './territory.ts'
import { differingXattrs } from './xattrs.ts'

export interface ScanOptions {
  /** The resolved root directory. */
  readonly root: string
  readonly ideal: IdealTree
  /** The image the node claims to be at: what differs from it is drift. */
  readonly previous?: IdealTree
  readonly territory: Territory
  readonly cache: StatCache
  /** Read every file again, whatever the stat cache knows. */
  readonly rehash?: boolean
  readonly now: () => number
  /** Called now and then with the number of paths so far. */
  readonly onPaths?: (paths: number) => void
}

type Children = ReadonlyMap<string, Entry>
const NONE: Children = new Map()
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
  await walk.xattrs()
  return walk.plan()
}

class Walk {
  readonly #options: ScanOptions
  readonly #base: string
  readonly #digests = new Map<string, Digest | undefined>()
  readonly #directories: DirectoryWork[] = []
  readonly #leaves: LeafWork[] = []
  readonly #metadata: MetadataWork[] = []
  readonly #removals: Removal[] = []
  readonly #finishing: Plan['finishing'][number][] = []
  readonly #differences: Difference[] = []
  #drift: Set<string> = new Set<string>()
  readonly #blocked: string[] = []
  readonly #held = new Map<Digest, string>()
  readonly #suspects: { path: string; entry: Entry }[] = []
  #paths = 0

  constructor(options: ScanOptions) {
    this.#options = options
    this.#base = options.root === '/' ? '' : options.root
  }

  plan(): Plan {
    return {
      directories: this.#directories,
      leaves: this.#leaves,
      metadata: this.#metadata,
      removals: this.#removals,
      finishing: this.#finishing,
      differences: this.#differences.sort((a, b) => compareText(a.path, b.path)),
      drift: [...this.#drift].sort(compareText),
      blocked: this.#blocked,
      held: this.#held,
      paths: this.#paths,
    }
  }

  /** A directory of the image that is (or will be) there: its children, then itself. `created`: nothing is there yet. */
  directory(
    path: string,
    entry: DirectoryMetadata,
    ideal: Children,
    previous: Children | undefined,
    created = false,
  ): void {
    const { territory } = this.#options
    const stat = created ? undefined : this.#stat(path)
    const listed = !stat || territory.allBelowUntouched(path) ? [] : this.#list(path)
    const before = this.#work()
    const prefix = path === '/' ? '/' : `${path}/`
    const known = new Set<string>()
    for (const name of listed) {
      if (typeof name !== 'string') {
        this.#opaque(prefix, name)
        continue
      }
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
      if (!known.has(name) && !territory.untouched(child))
        this.#child(child, undefined, wanted, previous && (previous.get(name) ?? null))
    }
    const mtime = !territory.mayHoldUntouched(path)
    const kinds = stat ? compareMetadata(stat, entry, { mtime: !mtime }) : []
    if (kinds.length > 0) this.#differ(path, kinds)
    if (entry.xattrs && stat) this.#suspects.push({ path, entry: { ...entry, name: '', type: 'fifo' } })
    if (created || kinds.length > 0 || this.#work() !== before) this.#finishing.push({ path, entry, mtime })
  }

  async xattrs(): Promise<void> {
    const taken = new Set(this.#leaves.map(({ path }) => path))
    const files = this.#suspects.filter(({ path }) => !taken.has(path))
    for (const { path, entry } of await differingXattrs(this.#options.root, files)) {
      this.#differ(path, ['xattrs'])
      if (this.#options.previous) this.#drift.add(path)
      if (entry.type === 'file') this.#leaves.push({ path, entry })
      else if (!this.#finishing.some((finishing) => finishing.path === path))
        this.#finishing.push({ path, entry, mtime: true })
    }
  }

  /** A number that grows with every piece of work planned. */
  #work(): number {
    return this.#directories.length + this.#leaves.length + this.#metadata.length + this.#removals.length
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
        ? claimed.children(previous.tree)
        : previous === undefined
          ? undefined
          : NONE
    const present = actual !== undefined && isDirectory(actual)
    if (!present) {
      this.#directories.push({ path, entry, replaces: actual ? 'leaf' : 'nothing' })
      this.#differ(path, [actual ? 'type' : 'missing'])
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
    if (!actual) {
      this.#differ(path, ['missing'])
      this.#driftUnless(path, actual, previous)
      this.#leaves.push({ path, entry })
      return
    }
    if (isDirectory(actual)) {
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
      this.#leaves.push({
        path,
        entry,
        retire: retire.map((removal) => ({ ...removal, path: removal.path.slice(path.length) })),
      })
      return
    }
    const known = this.#options.rehash ? undefined : this.#options.cache.get(path, actual)
    const kinds = compareLeaf(actual, entry, { path: this.#base + path, digest: () => this.#digest(path, actual) })
    if (kinds.length === 0) {
      if (entry.type === 'file' && known === undefined) this.#suspects.push({ path, entry })
      return
    }
    this.#differ(path, kinds)
    this.#driftUnless(path, actual, previous)
    const bytesRight = entry.type === 'file' && !kinds.some((kind) => kind === 'content' || kind === 'type')
    // Another name of the same inode may be outside the image: such a file is written anew instead of being changed in place.
    if (entry.type === 'file' && bytesRight && actual.nlink === 1) {
      this.#metadata.push({ path, entry })
      this.#suspects.push({ path, entry })
    } else this.#leaves.push({ path, entry })
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
      for (const name of this.#list(path)) {
        if (typeof name !== 'string') {
          found.push({ path: `${path}/`, type: 'opaque', raw: name })
          continue
        }
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
    this.#differ(path, ['extra'])
    const ours = path.slice(path.lastIndexOf('/') + 1).startsWith(TEMPORARY)
    if (!ours) this.#driftUnless(path, actual, previous)
    return true
  }

  #opaque(prefix: string, raw: Buffer): void {
    this.#removals.push({ path: prefix, type: 'opaque', raw })
    const path = `${prefix}${raw.toString()}`
    this.#differ(path, ['extra'])
    if (this.#options.previous) this.#drift.add(path)
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
    return compareLeaf(actual, entry, { path: this.#base + path, digest: () => this.#digest(path, actual) }).length > 0
  }

  #digest(path: string, stat: Stats): Digest | undefined {
    if (this.#digests.has(path)) return this.#digests.get(path)
    const { cache, rehash, now } = this.#options
    let digest = rehash ? undefined : cache.get(path, stat)
    if (digest === undefined) {
      try {
        digest = hashFile(this.#base + path)
        cache.set(path, stat, digest, now())
      } catch (error) {
        // Bytes that the disk does not give back are bytes to write anew.
        if (errnoOf(error) !== 'EIO' && errnoOf(error) !== 'ENOENT') throw explain(error, path)
      }
      this.#digests.set(path, digest)
    }
    if (digest) this.#held.set(digest, path)
    return digest
  }

  #stat(path: string): Stats | undefined {
    if (++this.#paths % 2000 === 0) this.#options.onPaths?.(this.#paths)
    try {
      return lstatSync(this.#base + path, { throwIfNoEntry: false })
    } catch (error) {
      throw explain(error, path)
    }
  }

  /** Names in a directory; one that is not UTF-8 as its bytes. */
  #list(path: string): (string | Buffer)[] {
    const full = this.#base + path
    try {
      const names = readdirSync(full)
      if (!names.some((name) => name.includes('\ufffd'))) return names
      return readdirSync(full, { encoding: 'buffer' }).map((raw) => {
        const name = raw.toString()
        return Buffer.from(name).equals(raw) ? name : raw
      })
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
      throw error instanceof HolotypeError ? error : explain(error, path)
    }
  }
}
