import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, writeFileAtomic } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const whole = z.number().int().nonnegative()

const chunkSchema = z.object({
  /** Names its directory: the SHA-256 of the two digests that follow. */
  id: hex,
  /** The key of its first entry. */
  first: z.string(),
  /** Entries, the withdrawn ones among them. */
  count: whole,
  /** SHA-256 of the file of records, and of the file of what they add to the indexes. */
  records: hex,
  parts: hex,
  /** What the indexes list, by architecture: how many entries, and their bytes in each part. */
  listed: z.record(z.string(), z.object({ count: whole, bytes: z.record(z.string(), whole) })),
})

const manifestSchema = z.object({ schema: z.literal('holotype.repository/1'), chunks: z.array(chunkSchema) })

/** Some hundred entries that stand together in the sorted list of a repository, in files that never change. */
export type Chunk = Readonly<z.infer<typeof chunkSchema>>

/** The state of one of our own repositories: its sorted list of entries, in chunks. */
export interface Manifest {
  readonly chunks: readonly Chunk[]
}

/**
 * The present state; empty if nothing was taken in yet.
 * @throws REPOSITORY_STATE_MALFORMED
 */
export function readManifest(directory: string): Manifest {
  const path = manifestPath(directory)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { chunks: [] }
    throw error
  }
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw fail('REPOSITORY_STATE_MALFORMED', { what: `${path} is no list of chunks`, cause })
  }
}

/** Makes a state the present one, at once and durably. What it names must be durable before. @throws DISK_FULL */
export function writeManifest(directory: string, { chunks }: Manifest): void {
  writeFileAtomic(manifestPath(directory), JSON.stringify({ schema: 'holotype.repository/1', chunks }))
}

/** The place of the chunk that holds a key, or would: the last that does not begin after it. */
export function chunkAt(chunks: readonly Chunk[], key: string): number {
  let [low, high] = [0, chunks.length]
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if ((chunks[middle]?.first ?? '') <= key) low = middle
    else high = middle
  }
  return low
}

/** The file that names the present state. */
export function manifestPath(directory: string): string {
  return join(directory, 'manifest.json')
}
