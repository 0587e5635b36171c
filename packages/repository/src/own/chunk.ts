import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  asDiskFull,
  canonicalJson,
  type Digest,
  digestOf,
  errnoOf,
  hexOf,
  isDigest,
  temporaryName,
} from '@holotype/base'
import type { PackageRecord } from '@holotype/formats'
import { fail } from '../errors.ts'
import type { Chunk } from './manifest.ts'

/*
 * A chunk is a directory `chunks/ID` that never changes but for the compressed forms kept beside: `records`, canonical JSON of its entries, and
 * `parts`, a line of JSON that says whose bytes follow, then the bytes of each part, entry after entry, as they stand in an index.
 */

/** One package version that was ever taken in. */
export interface StoredEntry {
  readonly key: string
  /** With `filename`. */
  readonly record: PackageRecord
  /** Where the format signs inside the file: the SHA-256 of what a signature leaves as it is (`PackageSigning.digests`). */
  readonly content?: string
  /** Files beside the package file, by path below the base, each an object of the store. */
  readonly companions: Readonly<Record<string, Digest>>
  /** Seconds since the epoch: since when no index lists it. Its version stays taken. */
  readonly withdrawn?: number
}

export interface ChunkEntry {
  readonly stored: StoredEntry
  /** What it adds to each index; nothing when it is withdrawn. */
  readonly parts: Readonly<Record<string, Buffer>>
}

/** The bytes of a chunk's part, and whose they are. */
export interface ChunkPart {
  readonly bytes: Buffer
  readonly pieces: readonly { readonly architecture: string; readonly from: number; readonly to: number }[]
}

export type ChunkParts = Readonly<Record<string, ChunkPart>>

export function chunkDirectory(directory: string, id: string): string {
  return join(directory, 'chunks', id)
}

/**
 * Writes a chunk, unless it is one of the `known`. Not durable before a flush; nothing may name it before.
 * @throws DISK_FULL
 */
export function writeChunk(directory: string, entries: readonly ChunkEntry[], known: ReadonlySet<string>): Chunk {
  const records = Buffer.from(canonicalJson(entries.map(({ stored }) => stored)))
  const parts = encodeParts(entries)
  const digests = { records: hexOf(digestOf(records)), parts: hexOf(digestOf(parts)) }
  const id = hexOf(digestOf(`${digests.records} ${digests.parts}`))
  const chunk = {
    id,
    first: entries[0]?.stored.key ?? '',
    count: entries.length,
    ...digests,
    listed: listedOf(entries),
  }
  if (known.has(id)) return chunk
  const target = chunkDirectory(directory, id)
  const temporary = temporaryName(target)
  try {
    mkdirSync(dirname(target), { recursive: true })
    mkdirSync(temporary)
    writeFileSync(join(temporary, 'records'), records)
    writeFileSync(join(temporary, 'parts'), parts)
    // What another run left there was perhaps never flushed.
    rmSync(target, { recursive: true, force: true })
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    throw asDiskFull(error, target)
  }
  return chunk
}

/** The entries of a chunk, without their parts. @throws REPOSITORY_STATE_MALFORMED */
export function readRecords(directory: string, chunk: Chunk): readonly StoredEntry[] {
  const path = join(chunkDirectory(directory, chunk.id), 'records')
  const value: unknown = JSON.parse(readVerified(path, chunk.records).toString())
  if (isStored(value)) return value
  throw malformed(`${path} is no list of entries`)
}

/** The parts of a chunk. @throws REPOSITORY_STATE_MALFORMED */
export function readParts(directory: string, chunk: Chunk): ChunkParts {
  const path = join(chunkDirectory(directory, chunk.id), 'parts')
  const bytes = readVerified(path, chunk.parts)
  const end = bytes.indexOf('\n')
  const value: unknown = JSON.parse(bytes.toString('utf8', 0, end))
  if (!isPartTable(value)) throw malformed(`${path} does not begin with a table of parts`)
  const parts: Record<string, ChunkPart> = {}
  let at = end + 1
  for (const [name, lengths] of value.parts) {
    const start = at
    const pieces = lengths.map((length, index) => {
      const from = at - start
      at += length
      return { architecture: value.architectures[index] ?? '', from, to: from + length }
    })
    parts[name] = { bytes: bytes.subarray(start, at), pieces }
  }
  return parts
}

/** The entries of a chunk with their parts, to be written again with others. @throws REPOSITORY_STATE_MALFORMED */
export function readChunk(directory: string, chunk: Chunk): readonly ChunkEntry[] {
  const parts = Object.entries(readParts(directory, chunk))
  let listed = 0
  return readRecords(directory, chunk).map((stored) => {
    if (stored.withdrawn !== undefined) return { stored, parts: {} }
    const index = listed++
    const own = parts.map(([name, { bytes, pieces }]) => {
      const piece = pieces[index]
      if (!piece) throw malformed(`the chunk ${chunk.id} has fewer parts than entries`)
      return [name, bytes.subarray(piece.from, piece.to)] as const
    })
    return { stored, parts: Object.fromEntries(own) }
  })
}

function encodeParts(entries: readonly ChunkEntry[]): Buffer {
  const listed = entries.filter(({ stored }) => stored.withdrawn === undefined)
  const names = [...new Set(listed.flatMap(({ parts }) => Object.keys(parts)))].sort()
  const bytesOf = (entry: ChunkEntry, name: string) => entry.parts[name] ?? Buffer.alloc(0)
  const table: PartTable = {
    architectures: listed.map(({ stored }) => stored.record.architecture),
    parts: names.map((name) => [name, listed.map((entry) => bytesOf(entry, name).length)]),
  }
  const head = Buffer.from(`${JSON.stringify(table)}\n`)
  return Buffer.concat([head, ...names.flatMap((name) => listed.map((entry) => bytesOf(entry, name)))])
}

function listedOf(entries: readonly ChunkEntry[]): Chunk['listed'] {
  const listed: Record<string, { count: number; bytes: Record<string, number> }> = {}
  for (const { stored, parts } of entries) {
    if (stored.withdrawn !== undefined) continue
    const one = (listed[stored.record.architecture] ??= { count: 0, bytes: {} })
    one.count++
    for (const [name, bytes] of Object.entries(parts)) one.bytes[name] = (one.bytes[name] ?? 0) + bytes.length
  }
  return listed
}

/** Reads a file that must be what its digest says: an index made of a rotten chunk would be signed. */
function readVerified(path: string, sha256: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw malformed(`${path} is missing`, error)
  }
  if (hexOf(digestOf(bytes)) === sha256) return bytes
  throw malformed(`${path} has other bytes than its digest ${sha256} says`)
}

interface PartTable {
  readonly architectures: readonly string[]
  readonly parts: readonly (readonly [name: string, lengths: readonly number[]])[]
}

// Both files are ours and checked by their digest: the form alone is looked at.
function isPartTable(value: unknown): value is PartTable {
  return typeof value === 'object' && value !== null && 'architectures' in value && 'parts' in value
}

function isStored(value: unknown): value is readonly StoredEntry[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one: unknown) =>
        typeof one === 'object' &&
        one !== null &&
        'key' in one &&
        'record' in one &&
        'companions' in one &&
        typeof one.companions === 'object' &&
        one.companions !== null &&
        Object.values(one.companions).every(isDigest),
    )
  )
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_STATE_MALFORMED', { what, cause })
}
