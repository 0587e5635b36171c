import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'

/*
 * What is served below a base, for a repository NAME:
 *
 *   pool/… or where the format has them     package files, for ever until collected
 *   indexes under names with their digest   for ever until 16 newer states are there
 *   .tops/NAME/7/…                          the tops of state 7: all that has one name and changing bytes
 *   .tops/NAME/7.json                       what state 7 is made of
 *   .tops/NAME/current                      a symbolic link to `7`
 *   dists/stable/InRelease, acme.db …       symbolic links through `current`, made once
 *
 * So one rename, that of `current`, changes all tops together.
 */

const generationSchema = z.object({
  schema: z.literal('holotype.published/1'),
  /** What was asked for, by digest: settings without their times, and chunks. The same again is nothing new. */
  fingerprint: z.string(),
  /** The settings' part of it: when it changes, all package files are looked at again. */
  settings: z.string(),
  date: z.number(),
  validUntil: z.number().optional(),
  /** What its tops are dated, in seconds: later than those of the state before, so that If-Modified-Since tells two states of one second apart. */
  modified: z.number().optional(),
  packages: z.number(),
  chunks: z.array(z.string()),
  /** Paths below the base. */
  tops: z.array(z.string()),
  indexes: z.array(z.string()),
})

/** What a published state is made of. */
export type Generation = Readonly<z.infer<typeof generationSchema>>

/** The directory of a repository's tops, below the base. */
export function topsDirectory(name: string): string {
  return join('.tops', name)
}

/** The link that says which state clients see. */
export function currentPath(base: string, name: string): string {
  return join(base, topsDirectory(name), 'current')
}

/** The note of a state. */
export function generationPath(base: string, name: string, number: number): string {
  return join(base, topsDirectory(name), `${number}.json`)
}

/** The number of the state that clients see; undefined before the first. */
export function currentNumber(base: string, name: string): number | undefined {
  try {
    const number = Number(readlinkSync(currentPath(base, name)))
    return Number.isSafeInteger(number) ? number : undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Numbers of the states that lie there, whole or not, in ascending order. */
export function numbersOf(base: string, name: string): readonly number[] {
  try {
    const found = readdirSync(join(base, topsDirectory(name))).flatMap((entry) => {
      const digits = /^(\d+)(?:\.json)?$/.exec(entry)?.[1]
      return digits === undefined ? [] : [Number(digits)]
    })
    return [...new Set(found)].sort((a, b) => a - b)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** A state's note; undefined where there is none, because its publisher was stopped. @throws REPOSITORY_STATE_MALFORMED */
export function readGeneration(base: string, name: string, number: number): Generation | undefined {
  const path = generationPath(base, name, number)
  try {
    return generationSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw fail('REPOSITORY_STATE_MALFORMED', { what: `${path} does not parse`, cause })
  }
}

export function renderGeneration(generation: Omit<Generation, 'schema'>): Buffer {
  return Buffer.from(JSON.stringify({ schema: 'holotype.published/1', ...generation }))
}
