import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { storeImage } from '../diff/testing/synthetic-image.ts'
import { readManifest } from '../manifest.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { layOut } from './lay-out.ts'

const isRoot = process.getuid?.() === 0
const base = temporaryDirectory()
const store = openStore(base)
const manifest = readManifest(
  store,
  storeImage(store, { packages: [{ name: 'one', version: '1', files: { 'etc/a': 'a', 'etc/l': { link: 'a' } } }] }),
)

test.skipIf(!isRoot)('lies there once, whole, for root alone (skipped without root: owners)', () => {
  const directory = layOut(store, manifest)
  const { ino } = statSync(directory)
  expect(readFileSync(join(directory, 'etc/l'), 'utf8')).toBe('a')
  expect(layOut(store, manifest)).toBe(directory)
  expect(statSync(directory).ino).toBe(ino)
  expect(statSync(join(base, 'roots')).mode & 0o077).toBe(0)
  expect(readdirSync(join(base, 'roots'))).toHaveLength(1)
  expect(readdirSync(join(base, 'scratch'))).toEqual([])
})

test.skipIf(!isRoot)('is laid out anew when nobody remembers that it is whole (skipped without root)', () => {
  const directory = layOut(store, manifest)
  rmSync(join(directory, 'etc/a'))
  writeFileSync(join(directory, 'torn'), '')
  // What a power cut leaves of a note that was not flushed.
  rmSync(join(base, 'notes/root'), { recursive: true })
  expect(readFileSync(join(layOut(store, manifest), 'etc/a'), 'utf8')).toBe('a')
  expect(readdirSync(directory)).toEqual(['etc'])
})
