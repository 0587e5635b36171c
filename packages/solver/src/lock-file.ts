import { readFileSync, statSync } from 'node:fs'
import { compareText, type Digest, HolotypeError, isDigest, parseYaml, writeFileAtomic } from '@holotype/base'
import { z } from 'zod'
import { fail } from './errors.ts'
import { LOCK_FILE_BYTES, LOCK_PACKAGES } from './limits.ts'
import type { Candidate, Lock, LockedPackage } from './lock.ts'

const word = z.string().regex(/^[!-~]{1,512}$/, 'a word of printable characters without spaces')

const packageSchema = z
  .strictObject({
    name: word,
    version: word,
    architecture: word,
    source: word.optional(),
    sourceVersion: word.optional(),
    size: z.int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 hex digits'),
    from: word,
  })
  // Left out in the file where they equal the package's own, so that a line stays short.
  .transform(
    (item): LockedPackage => ({
      ...item,
      source: item.source ?? item.name,
      sourceVersion: item.sourceVersion ?? item.version,
    }),
  )

const digest = z.custom<Digest>((value) => isDigest(value), 'a digest is sha256: and 64 hex digits')

const lockSchema = z
  .strictObject({
    schema: z.literal('holotype.lock/1'),
    image: word,
    format: z.enum(['deb', 'alpm', 'rpm', 'xbps']),
    architecture: word,
    asked: digest.exactOptional(),
    snapshots: z.record(word, digest),
    packages: z.array(packageSchema).max(LOCK_PACKAGES),
  })
  .superRefine((lock, context) => {
    for (const [index, item] of lock.packages.entries()) {
      const before = lock.packages[index - 1]
      const path = ['packages', index]
      if (before && order(before, item) >= 0) {
        context.addIssue({ code: 'custom', path, message: `${item.name} is listed twice or out of order` })
      }
      if (!Object.hasOwn(lock.snapshots, item.from)) {
        context.addIssue({ code: 'custom', path: [...path, 'from'], message: `no snapshot is named ${item.from}` })
      }
    }
  })

/**
 * Parses a lock file.
 * @throws LOCK_MALFORMED with file:line:column, the line and a caret
 */
export function parseLock(text: string, file: string): Lock {
  try {
    return parseYaml({ file, text }, lockSchema)
  } catch (error) {
    if (!(error instanceof HolotypeError)) throw error
    throw fail('LOCK_MALFORMED', { what: error.message, data: error.data, cause: error })
  }
}

/** The lock as it stands in git: a head, then one line per package, sorted, so that a change of one package changes one line. */
export function formatLock(lock: Lock): string {
  const head = [
    '# The exact packages of one image. Written by `holotype image lock`; do not edit.',
    `schema: ${lock.schema}`,
    `image: ${scalar(lock.image)}`,
    `format: ${lock.format}`,
    `architecture: ${scalar(lock.architecture)}`,
    ...(lock.asked === undefined ? [] : [`asked: ${lock.asked}`]),
  ]
  const snapshots = Object.entries(lock.snapshots)
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, digest]) => `  ${scalar(name)}: ${digest}`)
  const packages = lock.packages.toSorted(order).map((item) => `  - ${packageLine(item)}`)
  return [
    ...head,
    snapshots.length > 0 ? 'snapshots:' : 'snapshots: {}',
    ...snapshots,
    packages.length > 0 ? 'packages:' : 'packages: []',
    ...packages,
    '',
  ].join('\n')
}

/**
 * Reads a lock file; `shownAs` is its name in errors.
 * @throws LOCK_MALFORMED, also when there is none
 */
export function readLock(path: string, shownAs = path): Lock {
  let text: string
  try {
    if (statSync(path).size > LOCK_FILE_BYTES) throw new Error(`larger than ${LOCK_FILE_BYTES} bytes`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw fail('LOCK_MALFORMED', { what: `cannot read the lock ${shownAs}`, cause: error })
  }
  return parseLock(text, shownAs)
}

/** Writes a lock file whole or not at all. @throws DISK_FULL */
export function writeLock(path: string, lock: Lock): void {
  writeFileAtomic(path, formatLock(lock))
}

/** A chosen candidate as a lock names it. */
export function lockPackage({ record, from }: Candidate): LockedPackage {
  const { name, version, architecture, source, sourceVersion, size, sha256 } = record
  return { name, version, architecture, source, sourceVersion, size, sha256, from }
}

function packageLine(item: LockedPackage): string {
  const members = [
    `name: ${scalar(item.name)}`,
    `version: ${JSON.stringify(item.version)}`,
    `architecture: ${scalar(item.architecture)}`,
    ...(item.source === item.name ? [] : [`source: ${scalar(item.source)}`]),
    ...(item.sourceVersion === item.version ? [] : [`sourceVersion: ${JSON.stringify(item.sourceVersion)}`]),
    `size: ${item.size}`,
    `sha256: ${JSON.stringify(item.sha256)}`,
    `from: ${scalar(item.from)}`,
  ]
  return `{ ${members.join(', ')} }`
}

/** Plain where YAML reads it back as this very text, else in quotes. */
function scalar(text: string): string {
  const plain =
    /^[a-z][a-z0-9+.-]*$/.test(text) && !['null', 'true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n'].includes(text)
  return plain ? text : JSON.stringify(text)
}

function order(a: LockedPackage, b: LockedPackage): number {
  return compareText(a.name, b.name) || compareText(a.architecture, b.architecture)
}
