import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { compose, resolveSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  DELIBERATE_DIFFERENCES,
  type DeliberateDifference,
  LEFT_OUT,
} from '../packages/image/src/native/deb/differences.ts'
import { judge, type Listing, listArchive, listImage } from './testing/equal-compare.ts'
import { EQUAL_LOCKS, equalLockNames } from './testing/equal-locks.ts'
import { installByApt } from './testing/equal-native.ts'
import { realLocks, storeWithPackages, unfitForComposing } from './testing/real-packages.ts'

/*
 * An image is, path by path, what apt installs from the same packages: type, mode, owner, size, content, extended attributes, hard links. One lock
 * here; all ten by `make equal`.
 */

const WANTED = process.env['EQUAL_LOCKS'] ?? 'remote'
const ALL = WANTED === 'all'
const NAMES = equalLockNames().filter((name) => ALL || WANTED.split(',').includes(name))
const MINUTES = 60_000
const MEMORY_BYTES = 6 * 1024 ** 3

const reason =
  unfitForComposing() ??
  (existsSync('/usr/bin/mmdebstrap') && existsSync('/usr/bin/apt-ftparchive')
    ? undefined
    : 'there is no mmdebstrap or apt-ftparchive: apt is the judge')

describe.skipIf(reason !== undefined)(
  `the tree equals what apt installs${reason ? ` (skipped, because ${reason})` : ''}`,
  () => {
    let locks: ReadonlyMap<string, Lock> = new Map()
    const used = new Set<DeliberateDifference>()

    beforeAll(async () => {
      locks = await realLocks(Object.fromEntries(NAMES.map((name) => [name, EQUAL_LOCKS[name]])))
    }, 10 * MINUTES)

    test.each(NAMES)(
      'from the lock %s',
      async (name) => {
        const lock = locks.get(name)
        if (!lock) throw new Error('no lock')
        const directory = mkdtempSync(join(parentDirectory(), 'holotype-equal-'))
        try {
          const store = await storeWithPackages(join(directory, 'store'), lock)
          const packages = [...EQUAL_LOCKS[name]]
          const spec = resolveSpec(store, { name, spec: imageSchema.parse({ packages }), directory: '/' })
          const { manifest } = await compose({ store, lock, spec, progress: silent })
          const image = listImage(store, manifest)
          const native = listArchive(installByApt(lock, directory, manifest.stats.newest))
          const judged = judge(native, image, [...DELIBERATE_DIFFERENCES, ...LEFT_OUT])
          for (const rule of judged.used) used.add(rule)
          expect(judged.undeclared).toEqual([])
          if (WANTED !== 'remote') process.stdout.write(`${summaryOf(name, lock, native)}\n`)
        } finally {
          rmSync(directory, { recursive: true, force: true })
        }
      },
      10 * MINUTES,
    )

    test.runIf(ALL)('and no difference is declared that is not there', () => {
      expect(DELIBERATE_DIFFERENCES.filter((rule) => !used.has(rule))).toEqual([])
    })
  },
)

/** Memory where there is room: two roots of many small files are made and removed for each lock. */
function parentDirectory(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= MEMORY_BYTES ? memory : tmpdir()
}

function summaryOf(name: string, lock: Lock, native: Listing): string {
  const facts = [...native.paths.entries()]
  const linked = facts.filter(([path, { inode }]) => inode !== path).length
  const attributed = facts.filter(([, { xattrs }]) => xattrs !== '').length
  return `${name}: ${lock.packages.length} packages, ${facts.length} paths, ${linked} second names, ${attributed} with attributes`
}
