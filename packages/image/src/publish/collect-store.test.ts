import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf, hexOf } from '@holotype/base'
import { buildTree, objectsOf, openStore, type Store, storedNotes, storedObjects } from '@holotype/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectStore, type CollectStoreOptions, digestsIn } from './collect-store.ts'

let directory: string
let store: Store
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-collect-'))
  store = openStore(directory)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const METADATA = { uid: 0, gid: 0, mtime: 1 } as const
/** A tree of some files, below a directory, and an object that names it as a manifest does. */
function image(name: string, ...texts: readonly string[]): Digest {
  const files = texts.map((text, at) => {
    const bytes = Buffer.from(text)
    const entry = { type: 'file', mode: 0o644, ...METADATA, digest: store.put(bytes), size: bytes.length } as const
    return { path: `usr/${at}`, entry }
  })
  const usr = { path: 'usr', entry: { type: 'directory', mode: 0o755, ...METADATA } as const }
  return store.putJson({ name, root: buildTree(store, [usr, ...files]).digest })
}

/** Nothing was used lately. */
function age(): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), 0, 0)
}

const collect = (roots: readonly Digest[], more: Partial<CollectStoreOptions> = {}) =>
  collectStore({ store, roots, isList: (key) => key.startsWith('images/'), now: new Date(), ...more })
const filesThere = () =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
const treeOf = (from: Store, manifest: Digest): Digest => {
  const value = from.readJson(manifest)
  if (typeof value === 'object' && value !== null && 'root' in value) return digestIn(value.root)
  throw new Error('no image')
}
const digestIn = (value: unknown): Digest => `sha256:${String(value).slice(7)}`

test('what the roots lead to stays, the rest goes, and what is said of it is true', async () => {
  const kept = image('kept', 'one', 'both')
  const gone = image('gone', 'two', 'both')
  age()
  const before = filesThere()
  const dry = await collect([kept, digestOf('never here')], { dryRun: true })
  expect(filesThere()).toBe(before)
  expect(await collect([kept])).toEqual(dry)
  // The manifest, two trees and a file.
  expect(dry.removed.files).toBe(4)
  expect(filesThere()).toBe(before - 4)
  expect(dry.removed.bytes).toBeGreaterThan(0)
  expect(dry).toMatchObject({ needed: { files: 5 }, recent: { files: 0, bytes: 0 } })
  expect(store.has(gone)).toBe(false)
  for (const digest of objectsOf(store, treeOf(store, kept))) expect(() => store.read(digest)).not.toThrow()
  expect((await collect([kept])).removed).toEqual({ files: 0, bytes: 0 })
})

test('what was put within the grace time stays with all it names, and so does what is put again', async () => {
  const [old, again, late] = [image('old', 'one'), image('again', 'two'), image('late', 'three')]
  age()
  store.put(store.read(again))
  const now = new Date()
  utimesSync(store.pathOf(late), now, new Date(now.getTime() - 10 * 86_400_000))
  const result = await collect([], { now })
  expect(result.needed.files).toBe(0)
  expect([old, again, late].map((digest) => store.has(digest))).toEqual([false, true, true])
  for (const one of [again, late]) expect([...objectsOf(store, treeOf(store, one))]).toHaveLength(3)
  await collect([], { now, grace: 9 * 86_400 })
  expect([again, late].map((digest) => store.has(digest))).toEqual([true, false])
})

test('what was computed of a package stays with it, and is forgotten with it', async () => {
  const packages = ['kept', 'gone'].map((text) => store.put(Buffer.from(text)))
  const trees = packages.map((file) => {
    const tree = image(file, `unpacked ${file}`)
    store.remember(`unpacked-2/${hexOf(file)}`, tree)
    store.remember(`sonames/${hexOf(tree)}`, store.putJson({ of: 'it' }))
    return tree
  })
  const known = store.putJson({ layer: 1 })
  store.remember(`layer-1/${hexOf(digestOf('some input'))}`, known)
  store.remember('upstream/date', 'Sat, 21 Nov 2026')
  store.remember('images/web', trees.join('\n'))
  age()
  // A note that is read is used.
  utimesSync(join(directory, 'notes/layer-1', hexOf(digestOf('some input'))), 0, 0)
  expect(openStore(directory).recall(`layer-1/${hexOf(digestOf('some input'))}`)).toBe(known)
  await collect(packages.slice(0, 1))
  expect(packages.map((file) => store.has(file))).toEqual([true, false])
  expect(trees.map((tree) => store.has(tree))).toEqual([true, false])
  expect(packages.map((file) => store.recall(`unpacked-2/${hexOf(file)}`))).toEqual([trees[0], undefined])
  expect(store.has(known)).toBe(true)
  expect(store.recall('upstream/date')).toBe('Sat, 21 Nov 2026')
  // Lists are their owner's.
  expect(store.recall('images/web')).toBe(trees.join('\n'))
})

test('a diff stays while both its images do', async () => {
  const [one, two, three] = [image('one', '1'), image('two', '2'), image('three', '3')]
  const diffs = [
    [one, two],
    [two, three],
  ].map((on) => ({ on, digest: store.putJson({ from: on[0] ?? '', to: on[1] ?? '' }) }))
  age()
  await collect([one, two], { dependents: diffs })
  expect(diffs.map(({ digest }) => store.has(digest))).toEqual([true, false])
  expect(store.has(three)).toBe(false)
})

test('an image that was laid out goes with it', async () => {
  const trees = ['kept', 'gone'].map((name) => image(name, name)).map((manifest) => [manifest, treeOf(store, manifest)])
  for (const [, tree] of trees) {
    const hex = hexOf(digestIn(tree))
    mkdirSync(join(directory, 'roots', hex, 'usr'), { recursive: true })
    writeFileSync(join(directory, 'roots', hex, 'usr/0'), 'file')
    store.remember(`root/${hex}`, 'laid out')
  }
  age()
  await collect([digestIn(trees[0]?.[0])])
  expect(trees.map(([, tree]) => existsSync(join(directory, 'roots', hexOf(digestIn(tree)))))).toEqual([true, false])
  expect(trees.map(([, tree]) => store.recall(`root/${hexOf(digestIn(tree))}`))).toEqual(['laid out', undefined])
})

test('what somebody puts while it is at it stays', async () => {
  const text = Buffer.from('wanted again')
  const wanted = store.put(text)
  const other = store.put(Buffer.from('not wanted'))
  age()
  await collect([], { beforeRemoval: () => void store.put(text) })
  expect([wanted, other].map((digest) => store.has(digest))).toEqual([true, false])
})

test('killed after any step, nothing that is left names what is gone, and the next one ends it', async () => {
  const kept = image('kept', 'one', 'both')
  for (let at = 0; at < 3; at++) {
    const gone = image(`gone ${at}`, `two ${at}`, 'both')
    const file = store.put(Buffer.from(`package ${at}`))
    store.remember(`unpacked-2/${hexOf(file)}`, gone)
  }
  age()
  const script = join(import.meta.dirname, '../testing/collect-killed.ts')
  for (let step = 1; step < 40; step += 3) {
    rmSync(`${directory}-killed`, { recursive: true, force: true })
    spawnSync('cp', ['--archive', directory, `${directory}-killed`])
    const { signal, status } = spawnSync(process.execPath, [script, `${directory}-killed`, String(step), kept])
    const left = openStore(`${directory}-killed`)
    expectWhole(left)
    const { removed } = await collectStore({ store: left, roots: [kept], isList: () => false, now: new Date() })
    expect(left.has(kept)).toBe(true)
    expect([...objectsOf(left, treeOf(left, kept))].every((digest) => left.has(digest))).toBe(true)
    if (signal === null) {
      expect([status, removed.files]).toEqual([0, 0])
      rmSync(`${directory}-killed`, { recursive: true, force: true })
      return
    }
  }
  throw new Error('it never ended by itself')
})

/** Whatever an object or a note here names, of what there was, is here too. */
function expectWhole(left: Store): void {
  for (const { digest } of storedObjects(left)) {
    const bytes = left.read(digest)
    if (bytes[0] !== 0x7b) continue
    for (const named of digestsIn(bytes.toString()))
      if (store.has(named)) expect(left.has(named), `${digest} names ${named}`).toBe(true)
  }
  for (const { key, value } of storedNotes(left))
    for (const named of digestsIn(value)) expect(left.has(named), `${key} names ${named}`).toBe(true)
}
