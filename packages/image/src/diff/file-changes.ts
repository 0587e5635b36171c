import { posix } from 'node:path'
import { compareText, type Digest } from '@holotype/base'
import { compressionOf } from '@holotype/formats/compression'
import { isSharedObject } from '@holotype/solver/sonames'
import { diffTrees, type Entry, lookup, type Store, type TreeChange } from '@holotype/store'
import { readManifest } from '../manifest.ts'
import type { FileChange, FileDetails } from '../types.ts'
import { detailsOf } from './details.ts'
import { detailsConcerns } from './details-risk.ts'
import { compareEntries, factsOf } from './file-facts.ts'
import { type BareFileChange, type FileContext, fileConcerns } from './file-risk.ts'
import { knownDetails } from './known-details.ts'
import {
  DESCRIBED_BYTES,
  DESCRIBED_TOTAL_BYTES,
  DETAILS_KEPT_FROM_BYTES,
  KEPT_FILE_BYTES,
  TEXT_TOTAL_LENGTH,
  TEXT_WHOLE_FILE_BYTES,
} from './limits.ts'
import type { ReadImage } from './read-image.ts'
import { readText } from './read-text.ts'
import { compareRisk, weigh } from './risk.ts'
import { unifiedDiff } from './unified.ts'

/** Every path that differs between two images but for its time, highest risk first, with text diffs of text. Paths are absolute. */
export function fileChanges(store: Store, before: ReadImage, after: ReadImage): FileChange[] {
  const found = [...differences(store, before, after)]
  const context = contextOf(store, before.tree, found)
  const weighed = found.map((difference) => {
    const concerns = fileConcerns(difference.bare, context)
    return { difference, concerns, change: { ...difference.bare, ...weigh(concerns) } }
  })
  // The riskiest come first, so what no longer fits the limits is what matters least.
  weighed.sort(byRisk)
  let unread = DESCRIBED_TOTAL_BYTES
  // Files of several names are hard links, or copies: their bytes are read once.
  const known = new Map<string, FileDetails | undefined>()
  const remembered = knownDetails(store)
  const described = weighed.map(({ difference, concerns, change }): Described => {
    // Of programs and libraries the name does not matter; of the rest it may decide which plug-in reads them.
    const isProgram = ((change.after ?? change.before)?.mode ?? 0) & 0o111 || isSharedObject(change.path)
    const contents = `${change.before?.digest} ${change.after?.digest}`
    const key = `${contents} ${isProgram ? '' : change.path}`
    const isKnown = known.has(key)
    const size = (change.before?.size ?? 0) + (change.after?.size ?? 0)
    const find = () => describe(store, difference)
    const once = () =>
      size < DETAILS_KEPT_FROM_BYTES ? find() : remembered(`${change.change} ${contents} ${change.path}`, find)
    if (unread > 0 && isPackedText(store, difference)) {
      unread -= size
      return { difference, change, late: once }
    }
    const details = isKnown ? known.get(key) : unread > 0 ? once() : undefined
    known.set(key, details)
    if (details === undefined) return { difference, change }
    if (!isKnown) unread -= size
    const telling = concerns.filter(({ generic }) => !generic)
    const inside = detailsConcerns(details)
    return {
      difference,
      change: { ...change, ...weigh(inside.length > 0 ? [...telling, ...inside] : concerns), details },
    }
  })
  described.sort(byRisk)
  let room = TEXT_TOTAL_LENGTH
  return described.map(({ difference, change, late }) => {
    // A program that was read as one is no text, and need not be read again to see that.
    const isProgram = change.details?.format === 'elf' && !change.details.unreadable
    const text = room > 0 && !isProgram ? textDiff(store, difference) : undefined
    if (text === undefined) {
      const details = late?.()
      return details === undefined ? change : { ...change, details }
    }
    room -= text.length
    // Text that was compressed is shown as the file's own.
    const { details, ...rest } = change
    const shown = details === undefined || details.format === 'compressed' ? rest : change
    return room >= 0
      ? { ...shown, text }
      : { ...shown, text: '# left out: the text diffs before this one are too long together\n' }
  })
}

function byRisk(a: { readonly change: FileChange }, b: { readonly change: FileChange }): number {
  return compareRisk(a.change.risk, b.change.risk) || compareText(a.change.path, b.change.path)
}

interface Difference {
  readonly bare: BareFileChange
  readonly entries: TreeChange
}

interface Described {
  readonly difference: Difference
  readonly change: FileChange
  /** Finds what changes within, where no text shows it. */
  readonly late?: () => FileDetails | undefined
}

/** Of text that was compressed its text says all, and what else would be found weighs nothing: it is unpacked and compared once. */
function isPackedText(store: Store, { bare, entries: { before, after } }: Difference): boolean {
  if (!bare.path.endsWith('.gz') || NO_TEXT.test(bare.path)) return false
  if (before?.type !== 'file' || after?.type !== 'file' || before.digest === after.digest) return false
  return after.size <= KEPT_FILE_BYTES && compressionOf(store.read(after.digest)) === 'gz'
}

function* differences(store: Store, before: ReadImage, after: ReadImage): Generator<Difference> {
  const root = { path: '', before: rootEntry(store, before), after: rootEntry(store, after) }
  for (const entries of [root, ...diffTrees(store, before.tree, after.tree)]) {
    const change = changeOf(entries)
    if (change === undefined) continue
    const path = `/${entries.path}`
    const owner = after.ownerOf(path) ?? before.ownerOf(path) ?? 'step:unknown'
    const bare = {
      kind: 'file' as const,
      change,
      path,
      owner,
      ...(entries.before ? { before: factsOf(entries.before) } : {}),
      ...(entries.after ? { after: factsOf(entries.after) } : {}),
    }
    yield { bare, entries }
  }
}

/** The root directory itself, which no tree names: its manifest does. */
function rootEntry(store: Store, { digest }: ReadImage): Entry {
  const { root, stats } = readManifest(store, digest)
  return { type: 'directory', name: '', ...root, stats }
}

function changeOf({ before, after }: TreeChange): FileChange['change'] | undefined {
  if (!before) return 'added'
  if (!after) return 'removed'
  const difference = compareEntries(before, after)
  return difference === 'same' ? undefined : difference
}

function contextOf(store: Store, before: Digest, found: readonly Difference[]): FileContext {
  const added = new Set<string>()
  for (const { bare } of found) if (bare.change === 'added') added.add(posix.basename(bare.path))
  return {
    libraryMoved: (name) => added.has(name),
    existed: (path) => lookup(store, before, path.slice(1)) !== undefined,
  }
}

/** Changelogs are shown with their packages; the package manager's tables repeat what the lists say. */
const NO_TEXT =
  /^\/usr\/share\/doc\/[^/]+\/(changelog|NEWS)[^/]*$|^\/var\/lib\/dpkg\/(status|available|diversions)(-old)?$|^\/var\/lib\/dpkg\/info\/[^/]+\.(md5sums|list)$|\.svgz?$|\.min\.(js|css)$/
/** Where also a file of one side alone is shown: what it says is what is new. */
const TEXT_OF_ONE_SIDE = /^\/(etc|usr\/lib\/systemd\/system|lib\/systemd\/system)\//

function textDiff(store: Store, { bare, entries }: Difference): string | undefined {
  if (bare.change === 'metadata' || NO_TEXT.test(bare.path)) return undefined
  const oneSided = bare.change !== 'changed'
  if (oneSided && !TEXT_OF_ONE_SIDE.test(bare.path)) return undefined
  const limit = oneSided ? TEXT_WHOLE_FILE_BYTES : undefined
  const read = (entry: Entry | undefined) => {
    if (entry === undefined) return ''
    return entry.type === 'file' ? readText(store, bare.path, entry, limit) : undefined
  }
  const before = read(entries.before)
  const after = before === undefined ? undefined : read(entries.after)
  if (before === undefined || after === undefined) return undefined
  const names = { before: entries.before ? bare.path : '/dev/null', after: entries.after ? bare.path : '/dev/null' }
  return unifiedDiff(before, after, names) || undefined
}

/** What changes within a file. Changelogs are shown with their packages. */
function describe(store: Store, { bare, entries }: Difference): FileDetails | undefined {
  if (bare.change === 'metadata' || NO_TEXT.test(bare.path)) return undefined
  const read = (entry: Entry | undefined) => {
    if (entry === undefined) return undefined
    return entry.type === 'file' && entry.size <= DESCRIBED_BYTES ? store.read(entry.digest) : null
  }
  if (bare.change !== 'changed' && !TEXT_OF_ONE_SIDE.test(bare.path)) return undefined
  const [before, after] = [read(entries.before), read(entries.after)]
  return before === null || after === null ? undefined : detailsOf({ path: bare.path, before, after })
}
