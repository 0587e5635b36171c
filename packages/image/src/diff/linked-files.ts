import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { compareText, type Digest, hexOf, isDigest, isErrorCode } from '@holotype/base'
import { elfSonames } from '@holotype/formats/elf-sonames'
import { type ElfObject, isSharedObject } from '@holotype/solver/sonames'
import { type Store, walkTree } from '@holotype/store'
import type { FileChange } from '../types.ts'
import { LINKED_HEAD_BYTES, LINKED_WINDOW_BYTES } from './limits.ts'

/** Rises when something else is read out of a file: what an older release noted is then read again. */
const FORM = 1

/**
 * What of an image the dynamic linker has to do with, an object under the note `linked-1/<hex of the tree>`: found once for ever, and of the next image
 * from the one before, so that a program or library is read when it is new, and only then. Both lists in order of paths, which are absolute.
 */
export interface LinkedFiles {
  readonly schema: 'holotype.linked/1'
  readonly objects: readonly ElfObject[]
  /** Symbolic links named like shared objects. */
  readonly links: readonly string[]
}

interface Candidate {
  readonly path: string
  readonly type: string
  readonly mode: number
  readonly digest?: Digest
}

/** Those of a tree. @throws OBJECT_MISSING, OBJECT_CORRUPT, TREE_INVALID, DISK_FULL */
export function linkedFiles(store: Store, tree: Digest): LinkedFiles {
  return remembered(store, tree, () => [linkedAmong(store, everyFile(store, tree))])
}

/** Those of a tree of which it is known how it differs from another. @throws OBJECT_MISSING, DISK_FULL */
export function linkedAfter(
  store: Store,
  before: LinkedFiles,
  { tree, files }: { readonly tree: Digest; readonly files: readonly FileChange[] },
): LinkedFiles {
  return remembered(store, tree, () => {
    const touched = new Set(files.map(({ path }) => path))
    const kept = {
      objects: before.objects.filter(({ path }) => !touched.has(path)),
      links: before.links.filter((path) => !touched.has(path)),
    }
    return [
      kept,
      linkedAmong(
        store,
        files.flatMap(({ path, after }) => (after ? [{ path, ...after }] : [])),
      ),
    ]
  })
}

type Found = Pick<LinkedFiles, 'objects' | 'links'>

function remembered(store: Store, tree: Digest, find: () => readonly Found[]): LinkedFiles {
  const key = `linked-${FORM}/${hexOf(tree)}`
  const known = recall(store, key)
  if (isLinkedFiles(known)) return known
  const parts = find()
  const linked = {
    schema: 'holotype.linked/1',
    objects: parts.flatMap(({ objects }) => objects).sort((a, b) => compareText(a.path, b.path)),
    links: parts.flatMap(({ links }) => links).sort(compareText),
  } satisfies LinkedFiles
  store.remember(key, store.putJson(linked))
  return linked
}

/** A note is a hint: where its object is gone or damaged, the tree is read again. */
function recall(store: Store, key: string): unknown {
  const note: unknown = store.recall(key)
  try {
    return isDigest(note) && store.has(note) ? store.readJson(note) : undefined
  } catch (error) {
    if (isErrorCode(error, 'OBJECT_CORRUPT')) return undefined
    throw error
  }
}

function isLinkedFiles(value: unknown): value is LinkedFiles {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.linked/1'
}

function* everyFile(store: Store, tree: Digest): Generator<Candidate> {
  for (const { path, entry } of walkTree(store, tree))
    yield {
      path: `/${path}`,
      type: entry.type,
      mode: entry.mode,
      ...(entry.type === 'file' ? { digest: entry.digest } : {}),
    }
}

/** What is neither executable nor named like a library is not looked at: nothing starts or links it. */
function linkedAmong(store: Store, candidates: Iterable<Candidate>): Found {
  const objects: ElfObject[] = []
  const links: string[] = []
  const known = new Map<Digest, ReturnType<typeof readSonames>>()
  for (const { path, type, mode, digest } of candidates) {
    const named = isSharedObject(path)
    if (type === 'symlink' && named) links.push(path)
    if (digest === undefined || !(named || mode & 0o111)) continue
    if (!known.has(digest)) known.set(digest, readSonames(store, digest))
    const sonames = known.get(digest)
    if (sonames) objects.push({ path, ...sonames })
  }
  return { objects, links }
}

/** Filled again for each file: allocating takes as long as reading. */
const HEAD = Buffer.allocUnsafeSlow(LINKED_HEAD_BYTES)
const REST = Buffer.allocUnsafeSlow(LINKED_WINDOW_BYTES)

/** Reads ranges of a file by way of a buffer that may hold them already. A range stays until one is asked for that it does not hold. */
function windowOf(file: number, buffer: Buffer): (offset: number, length: number) => Buffer {
  let [begin, filled] = [0, 0]
  return (offset, length) => {
    if (length > buffer.length) {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    }
    if (filled === 0 || offset < begin || offset + length > begin + buffer.length) {
      begin = offset
      filled = readSync(file, buffer, 0, buffer.length, offset)
    }
    return buffer.subarray(offset - begin, Math.min(offset - begin + length, filled))
  }
}

/** A few reads of a file that may be large. The bytes are not verified: what matters is verified when it is composed, published and synced. */
export function readSonames(store: Store, digest: Digest): ReturnType<typeof elfSonames> {
  const file = openSync(store.pathOf(digest), 'r')
  try {
    const { size } = fstatSync(file)
    const [head, rest] = [windowOf(file, HEAD), windowOf(file, REST)]
    return elfSonames({
      size,
      // What lies near the beginning is most of what is asked for.
      read: (offset, length) => (offset + length <= HEAD.length ? head : rest)(offset, length),
    })
  } finally {
    closeSync(file)
  }
}
