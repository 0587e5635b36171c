import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asDiskFull, digestOf, errnoOf, hexOf, temporaryName } from '@holotype/base'
import { type Compression, compress } from '@holotype/formats'
import { type ChunkPart, type ChunkParts, chunkDirectory } from './chunk.ts'
import type { Chunk } from './manifest.ts'

/** Bytes of the SHA-256 before those it is of. */
const CHECK = 64
const NOTHING: ChunkPart = { bytes: Buffer.alloc(0), pieces: [] }

/** What of a chunk goes into an index. */
export interface Selection {
  readonly part: string
  readonly architectures: readonly string[]
}

export interface Form {
  readonly compression: Compression
  readonly level: number
}

/** Entries of a chunk that an index lists, and their bytes together. */
export function sumOf({ listed }: Chunk, { part, architectures }: Selection): { count: number; size: number } {
  const sum = { count: 0, size: 0 }
  for (const architecture of architectures) {
    const one = listed[architecture]
    sum.count += one?.count ?? 0
    sum.size += one?.bytes[part] ?? 0
  }
  return sum
}

/** The bytes of a chunk as they stand in an index, uncompressed. */
export function plainOf(parts: ChunkParts, { part, architectures }: Selection): Buffer {
  const { bytes, pieces } = parts[part] ?? NOTHING
  const wanted = new Set(architectures)
  const chosen = pieces.filter(({ architecture }) => wanted.has(architecture))
  if (chosen.length === pieces.length) return bytes
  return Buffer.concat(chosen.map(({ from, to }) => bytes.subarray(from, to)))
}

/** Where a chunk keeps one compressed form of what an index lists of it. */
export function formPath(directory: string, chunk: Chunk, { part, architectures }: Selection, form: Form): string {
  const what = JSON.stringify([part, architectures.toSorted(), form.compression, form.level])
  return join(chunkDirectory(directory, chunk.id), `form-${hexOf(digestOf(what)).slice(0, 16)}`)
}

/** A form made once; undefined where there is none, or a power cut or bit-rot damaged it. */
export function readForm(path: string): Buffer | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  const form = bytes.subarray(CHECK)
  return bytes.toString('latin1', 0, CHECK) === hexOf(digestOf(form)) ? form : undefined
}

export function haveForm(path: string): boolean {
  return existsSync(path)
}

/** Makes a form and keeps it. @throws COMPRESSION_UNAVAILABLE, PACKAGE_UNWRITABLE, DISK_FULL */
export async function makeForm(path: string, plain: Buffer, form: Form): Promise<Buffer> {
  const bytes = await compress(plain, form)
  const temporary = temporaryName(path)
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(hexOf(digestOf(bytes)), 'latin1'), bytes]))
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asDiskFull(error, path)
  }
  return bytes
}
