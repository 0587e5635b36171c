import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { asDiskFull, digester, hexOf } from '@holotype/base'
import { compress, type IndexToWrite, type WrittenIndex } from '@holotype/formats'
import { COMPRESSED_AT_ONCE } from '../limits.ts'
import { type ChunkParts, readParts } from './chunk.ts'
import { type Form, formPath, haveForm, makeForm, plainOf, readForm, type Selection, sumOf } from './forms.ts'
import { inParallel } from './in-parallel.ts'
import type { Chunk, Manifest } from './manifest.ts'

/** An index as written, and where it lies for ever, if it does. */
export interface PlacedIndex {
  readonly written: WrittenIndex
  readonly path?: string
}

export interface WriteIndexes {
  /** The state's. */
  readonly directory: string
  readonly manifest: Manifest
  readonly indexes: readonly IndexToWrite[]
  /** Where the files are made. */
  readonly work: string
}

/**
 * Writes the indexes of a state: the pieces of its chunks, compressed once when they came, one after another, hashed on the way. What it costs
 * is reading, hashing and writing each byte once.
 * @throws REPOSITORY_STATE_MALFORMED, COMPRESSION_UNAVAILABLE, DISK_FULL
 */
export async function writeIndexes(options: WriteIndexes): Promise<readonly PlacedIndex[]> {
  const { directory, manifest, work } = options
  const indexes = options.indexes.filter(({ optional, ...index }) => !optional || sizeIn(manifest, index) > 0)
  mkdirSync(work, { recursive: true })
  await inParallel(manifest.chunks, COMPRESSED_AT_ONCE, (chunk) => makeMissing(directory, chunk, indexes))
  const outputs = indexes.map((index, at) => openIndex(index, options, join(work, `index-${at}`)))
  try {
    for (const output of outputs) await output.end('opening')
    for (const chunk of manifest.chunks) {
      let read: ChunkParts | undefined
      for (const output of outputs) {
        if (sumOf(chunk, output.index).count === 0) continue
        const plain = () => plainOf((read ??= readParts(directory, chunk)), output.index)
        await output.add(plain, async (form) => {
          const path = formPath(directory, chunk, output.index, form)
          return readForm(path) ?? (await makeForm(path, plain(), form))
        })
      }
    }
    for (const output of outputs) await output.end('closing')
    return outputs.flatMap((output) => output.result())
  } catch (error) {
    throw asDiskFull(error, work)
  } finally {
    for (const output of outputs) output.close()
  }
}

function sizeIn({ chunks }: Manifest, selection: Selection): number {
  return chunks.reduce((sum, chunk) => sum + sumOf(chunk, selection).size, 0)
}

async function makeMissing(directory: string, chunk: Chunk, indexes: readonly IndexToWrite[]): Promise<void> {
  const missing = indexes
    .filter((index) => sumOf(chunk, index).count > 0)
    .flatMap((index) =>
      index.forms
        .filter((form) => !isPlain(form))
        .map((form) => ({ index, form, path: formPath(directory, chunk, index, form) })),
    )
    .filter(({ path }) => !haveForm(path))
  if (missing.length === 0) return
  const parts = readParts(directory, chunk)
  for (const { index, form, path } of missing) await makeForm(path, plainOf(parts, index), form)
}

function isPlain({ compression }: Form): boolean {
  return compression === 'none'
}

function openDigest(
  index: IndexToWrite,
  { opening, closing }: { readonly opening: Buffer; readonly closing: Buffer },
  { directory, manifest }: WriteIndexes,
): string {
  const hash = digester()
  hash.update(opening)
  for (const chunk of manifest.chunks)
    if (sumOf(chunk, index).count > 0) hash.update(plainOf(readParts(directory, chunk), index))
  hash.update(closing)
  return hexOf(hash.digest())
}

function openIndex(index: IndexToWrite, options: WriteIndexes, file: string) {
  const { chunks } = options.manifest
  const sum = { count: 0, size: 0 }
  for (const chunk of chunks) {
    const { count, size } = sumOf(chunk, index)
    sum.count += count
    sum.size += size
  }
  const forms = index.forms.map((form) => {
    const path = `${file}.${form.compression}`
    return { form, path, file: openSync(path, 'w', 0o644), hash: digester(), size: 0 }
  })
  type Output = (typeof forms)[number]
  const write = (output: Output, bytes: Buffer) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(output.file, bytes, at)
    output.size += bytes.length
    output.hash.update(bytes)
  }
  const edges = { opening: index.opening(sum.count, sum.size), closing: index.closing(sum.count, sum.size) }
  const openSize = edges.opening.length + sum.size + edges.closing.length
  // Who names its indexes by digest lists the uncompressed digest too; for the others it is made only when asked for.
  const openHash = index.path || index.forms.some(isPlain) ? digester() : undefined
  const add = async (plain: () => Buffer, formOf: (form: Form) => Promise<Buffer>) => {
    openHash?.update(plain())
    for (const output of forms) write(output, isPlain(output.form) ? plain() : await formOf(output.form))
  }
  return {
    index,
    add,
    async end(side: 'opening' | 'closing') {
      const plain = edges[side]
      // An empty index is a sound compressed file too.
      if (plain.length > 0 || (side === 'closing' && openSize === 0))
        await add(
          () => plain,
          (form) => compress(plain, form),
        )
    },
    result(): readonly PlacedIndex[] {
      const eager = openHash && hexOf(openHash.digest())
      let known = eager
      const open = {
        size: openSize,
        get sha256() {
          known ??= openDigest(index, edges, options)
          return known
        },
      }
      return forms.map(({ form, path, hash, size }) => {
        const sha256 = hexOf(hash.digest())
        const lies = index.path?.(form.compression, sha256)
        const written = { name: index.name, compression: form.compression, size, sha256, open, file: path }
        return lies === undefined ? { written } : { written, path: lies }
      })
    },
    close() {
      for (const output of forms) closeSync(output.file)
    },
  }
}
