import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { PackageRecord } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { isErrorCode, compareText } from '@holotype/base'
import { CHUNK_ENTRIES, STATE_TRIES } from '../limits.ts'
import { type ChunkEntry, chunkDirectory, readChunk, readRecords, type StoredEntry, writeChunk } from './chunk.ts'
import { type Chunk, chunkAt, type Manifest, readManifest, writeManifest } from './manifest.ts'
import { type OwnPlace, stateDirectory } from './place.ts'

/**
 * The packages that one of our own repositories lists, sorted as its indexes are; empty if there are none yet. The bytes of each are the
 * object `sha256:` + `sha256`.
 * @throws REPOSITORY_STATE_MALFORMED, REPOSITORY_UNWRITABLE
 */
export function ownPackages(place: OwnPlace): readonly PackageRecord[] {
  const directory = stateDirectory(place)
  for (let tries = 1; ; tries++) {
    const { chunks } = readManifest(directory)
    try {
      const entries = chunks.flatMap((chunk) => readRecords(directory, chunk))
      return entries.filter(({ withdrawn }) => withdrawn === undefined).map(({ record }) => record)
    } catch (error) {
      // A chunk that was replaced is gone once the next state is there: read that one.
      if (!isErrorCode(error, 'REPOSITORY_STATE_MALFORMED') || tries >= STATE_TRIES) throw error
    }
  }
}

/**
 * Every version of a package that was ever taken in, the withdrawn ones too.
 * @throws what `read` throws
 */
export function versionsOf(
  { chunks }: Manifest,
  name: string,
  read: (chunk: Chunk) => readonly StoredEntry[],
): readonly StoredEntry[] {
  const [from, to] = [`${name}\0`, `${name}\u0001`]
  const found: StoredEntry[] = []
  for (let at = chunkAt(chunks, from); at < chunks.length; at++) {
    const chunk = chunks[at]
    if (!chunk || (chunk.first >= to && at > 0)) break
    found.push(...read(chunk).filter(({ key }) => key >= from && key < to))
  }
  return found
}

/**
 * Puts entries in their places, each instead of the one with its key, and makes the state with them the present one. Only the chunks
 * that they fall into are written. The caller has its turn ({@link inTurn}).
 * @throws REPOSITORY_STATE_MALFORMED, DISK_FULL
 */
export async function putEntries(
  { store, directory }: { readonly store: Store; readonly directory: string },
  entries: readonly ChunkEntry[],
): Promise<void> {
  const { chunks } = readManifest(directory)
  const byChunk = Map.groupBy(entries, ({ stored }) => chunkAt(chunks, stored.key))
  const known = new Set(chunks.map(({ id }) => id))
  const next: Chunk[] = []
  for (let at = 0; at < Math.max(1, chunks.length); at++) {
    const [chunk, added] = [chunks[at], byChunk.get(at)]
    if (!added) {
      if (chunk) next.push(chunk)
      continue
    }
    const merged = new Map((chunk ? readChunk(directory, chunk) : []).map((entry) => [entry.stored.key, entry]))
    for (const entry of added) merged.set(entry.stored.key, entry)
    const sorted = [...merged.values()].sort((a, b) => compareText(a.stored.key, b.stored.key))
    for (const piece of cut(sorted)) next.push(writeChunk(directory, piece, known))
  }
  await store.flush()
  writeManifest(directory, { chunks: next })
  const kept = new Set(next.map(({ id }) => id))
  for (const { id } of chunks)
    if (!kept.has(id)) rmSync(chunkDirectory(directory, id), { recursive: true, force: true })
}

/**
 * Where a chunk begins is decided by the entry's key alone: the same entries give the same chunks in whatever order they came, and one
 * more entry changes the chunk it falls into and no other.
 */
function cut(entries: readonly ChunkEntry[]): readonly (readonly ChunkEntry[])[] {
  const pieces: ChunkEntry[][] = []
  for (const entry of entries) {
    const last = pieces.at(-1)
    if (!last || beginsChunk(entry.stored.key)) pieces.push([entry])
    else last.push(entry)
  }
  return pieces
}

function beginsChunk(key: string): boolean {
  return createHash('sha256').update(key).digest().readUInt32BE() % CHUNK_ENTRIES === 0
}
