import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { compareText, digestOf, hexOf, isDigest } from '@holotype/base'
import { resolveSource } from '@holotype/distribution'
import type { VersionOrder } from '@holotype/formats/rules'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import type { KnownAdvisory } from '../diff/advisories.ts'
import { fail } from '../errors.ts'
import { OSV_FILE_BYTES, OSV_FILES, OSV_RANGES, OSV_TOTAL_BYTES } from './limits.ts'
import { type OsvAdvisories, readOsv } from './osv.ts'

export interface OsvFilesOptions {
  readonly store: Store
  /** The distribution's repository: what lies outside of it is not read. */
  readonly directory: string
  /** A file of it, or a directory of `.json` files. */
  readonly path: string
  readonly ecosystem: string
  readonly format: VersionOrder
}

/** Rises when other things are made of the same bytes. */
const NOTE = 'osv-1'

const readSchema = z.strictObject({
  advisories: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      severity: z.string(),
      package: z.string(),
      introduced: z.string().exactOptional(),
      fixed: z.string().exactOptional(),
      lastAffected: z.string().exactOptional(),
    }),
  ),
  withoutRange: z.array(z.string()),
})

/**
 * The advisories of OSV files of a distribution, for one release. What was read once is kept in the store under the digest of the files.
 * @throws ADVISORIES_MALFORMED, DISTRIBUTION_SOURCE_MISSING, DISTRIBUTION_SOURCE_OUTSIDE, DISK_FULL
 */
export function readOsvFiles({ store, directory, path, ecosystem, format }: OsvFilesOptions): OsvAdvisories {
  const files = filesOf(directory, path)
  const digests = files.map((file) => `${relative(directory, file)} ${digestOf(readFileSync(file))}`)
  const key = `${NOTE}/${hexOf(digestOf([ecosystem, format.name, ...digests].join('\n')))}`
  const known = recall(store, key)
  if (known) return known
  const advisories: KnownAdvisory[] = []
  const withoutRange: string[] = []
  for (const file of files) {
    const read = readOsv(readFileSync(file), { file: relative(directory, file), ecosystem, format })
    for (const one of read.advisories) advisories.push(one)
    for (const id of read.withoutRange) withoutRange.push(id)
    if (advisories.length > OSV_RANGES) throw tooMuch(path, `more ranges of versions than OSV_RANGES (${OSV_RANGES})`)
  }
  store.remember(key, store.putJson({ advisories, withoutRange }))
  return { advisories, withoutRange }
}

/** Absolute paths, in the order of their names. */
function filesOf(directory: string, path: string): string[] {
  const top = resolveSource(directory, '.', path)
  const names = statSync(top).isDirectory() ? readdirSync(top).filter((name) => name.endsWith('.json')) : ['']
  if (names.length > OSV_FILES) throw tooMuch(path, `more files than OSV_FILES (${OSV_FILES})`)
  let total = 0
  return names.toSorted(compareText).map((name) => {
    // Each by itself: a link in the directory may lead out.
    const file = name === '' ? top : resolveSource(directory, '.', join(path, name))
    const about = statSync(file)
    if (!about.isFile()) throw fail('ADVISORIES_MALFORMED', { what: `${join(path, name)} is no file` })
    total += about.size
    if (about.size > OSV_FILE_BYTES)
      throw tooMuch(join(path, name), `more bytes than OSV_FILE_BYTES (${OSV_FILE_BYTES})`)
    if (total > OSV_TOTAL_BYTES) throw tooMuch(path, `more bytes than OSV_TOTAL_BYTES (${OSV_TOTAL_BYTES})`)
    return file
  })
}

function tooMuch(path: string, what: string): Error {
  return fail('ADVISORIES_MALFORMED', { what: `${path} has ${what}` })
}

function recall(store: Store, key: string): OsvAdvisories | undefined {
  const note = store.recall(key)
  if (!isDigest(note) || !store.has(note)) return undefined
  const parsed = readSchema.safeParse(store.readJson(note))
  return parsed.success ? parsed.data : undefined
}
