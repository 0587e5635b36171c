import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SmallDisk, smallDisk } from './disk.ts'
import { halfWritten, isRoot, makePlace, type Place } from './place.ts'

/* The home on a disk that is full: the lock is not written, and with room again the same command works. */

const DISK_BYTES = 8 * 1024 * 1024

describe.skipIf(!isRoot)('a full disk (skipped without root: a small disk must be mounted)', () => {
  let outside = ''
  let disk: SmallDisk
  let place: Place
  beforeAll(async () => {
    outside = mkdtempSync(join(tmpdir(), 'holotype-bad-disk-'))
    disk = await smallDisk(join(outside, 'disk'), { bytes: DISK_BYTES })
    place = await makePlace(join(disk.directory, 'home'))
    // As large as the disk's rest, and of bytes that do not compress.
    await place.archive.publish([
      { name: 'web', version: '2.0', depends: 'lib' },
      { name: 'lib', version: '2.0', content: randomBytes(600_000).toString('base64') },
    ])
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
    await disk[Symbol.asyncDispose]()
    rmSync(outside, { recursive: true, force: true })
  })

  test.each([0, 256 * 1024])('with %i bytes left: image lock', async (left) => {
    const lock = join(place.distribution, 'images/web.lock')
    disk.fill(left)
    const failure = await place.failure(['image', 'lock', 'web'])
    expect(failure).toMatchObject({ code: 'DISK_FULL', exitCode: 8 })
    expect(failure.what).toContain(disk.directory)
    expect(existsSync(lock)).toBe(false)
    expect(halfWritten(place.home)).toEqual([])
    const { stderr } = await place.holotype(['image', 'lock', 'web'])
    expect(stderr).toMatch(/error: no room left to write .+\nhint: free some space .+\ncode: DISK_FULL\n$/)
    disk.empty()
    expect(await place.result(['image', 'lock', 'web'])).toMatchObject({ packages: 2 })
    rmSync(lock)
    rmSync(place.home, { recursive: true })
  })

  test.each([1, 12])('with room for %i files: wherever it ends, it is told the same way', async (files) => {
    await using few = await smallDisk(join(outside, 'few'), { bytes: DISK_BYTES, files })
    const home = ['--home', join(few.directory, 'home')]
    expect(await place.failure(['image', 'lock', 'web', ...home])).toMatchObject({ code: 'DISK_FULL', exitCode: 8 })
    expect(halfWritten(few.directory)).toEqual([])
  })
})
