import type { Stats } from 'node:fs'
import type { FileEntry } from '@holotype/store'
import { asList, asTexts, FormError } from '../json.ts'
import { fail } from '../errors.ts'
import type { LeafWork } from './plan.ts'

/** The names of an image's files that have several: sorted groups of absolute paths, each one inode. */
export type Hardlinks = readonly (readonly string[])[]

/** Parses the object `hardlinks` of a manifest, whose digest the caller has verified. @throws AGENT_OBJECT_MALFORMED */
export function parseHardlinks(bytes: Uint8Array): Hardlinks {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return asList(value, 'hardlinks').map((group) => asTexts(group, 'a group of names'))
  } catch (error) {
    if (!(error instanceof FormError || error instanceof SyntaxError)) throw error
    throw fail('AGENT_OBJECT_MALFORMED', { what: `the hard links of an image: ${error.message}`, cause: error })
  }
}

/** A name of a group as the walk found it. */
export interface LinkedName {
  readonly path: string
  readonly entry: FileEntry
  readonly actual: Stats | undefined
  /** What has to be done for this name by itself. */
  readonly work: LeafWork | undefined
}

/**
 * The work for the names of one group that are ours: none when they are one inode that has no further name; else the file is written anew
 * and all names become links to it. One that is not excluded from a group has no link: it is a file of its own.
 */
export function linkWork(names: readonly LinkedName[]): readonly LeafWork[] {
  const [first] = names
  if (!first) return []
  const one = names.every(
    ({ actual, work }) => !work && actual?.ino === first.actual?.ino && actual?.nlink === names.length,
  )
  if (one) return []
  return names.map(({ path, entry, work }) => ({ ...(work ?? { path, entry }), link: first.path }))
}
