import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lookup, openStore } from '@holotype/store'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { checkout, type Root } from './checkout.ts'
import { keptCheckout } from './kept-checkout.ts'
import { rootOf } from './path-map.ts'
import { makeScratch } from './scratch.ts'

const isRoot = process.getuid?.() === 0
const base = temporaryDirectory()
const store = openStore(join(base, 'store'))
const kept = join(store.directory, 'lower')

const rootWith = (paths: Readonly<Record<string, string>>) => rootOf(store, mapOf(store, paths))

/** What lies in a directory: type, mode, owner, time and content of each path. */
function listing(directory: string, path = ''): string[] {
  const place = join(directory, path)
  const { mode, uid, gid, mtimeMs } = lstatSync(place)
  const type = mode & 0o170000
  const content = type === 0o100000 ? readFileSync(place, 'utf8') : type === 0o120000 ? readlinkSync(place) : ''
  const own = `${path} ${mode.toString(8)} ${uid} ${gid} ${mtimeMs} ${content}`
  const below = type === 0o040000 ? readdirSync(place).sort() : []
  return [own, ...below.flatMap((name) => listing(directory, join(path, name)))]
}

function anew(root: Root): string[] {
  const directory = mkdtempSync(join(base, 'anew-'))
  checkout(store, root, { directory })
  return listing(directory)
}

/** Lays out these roots one after the other, as one composition does, and lists what lies there after each. */
function composition(...roots: Root[]): string[][] {
  using scratch = makeScratch(store)
  using lower = keptCheckout(store, scratch)
  return roots.map((root) => {
    lower.update(root)
    return listing(lower.directory)
  })
}

/** Few names, so that a path is now a file, now a link, now a directory. */
const paths = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom('a', 'b', 'a/b', 'a/c', 'b/c', 'b/c/d'), fc.constantFrom('x', 'y', '-> x', '/')),
    {
      selector: ([path]) => path,
    },
  )
  .map((all) => {
    const leaves = new Set(all.filter(([, what]) => what !== '/').map(([path]) => path))
    return Object.fromEntries(all.filter(([path]) => ![...leaves].some((leaf) => path.startsWith(`${leaf}/`))))
  })

describe.skipIf(!isRoot)('a kept checkout (skipped without root: files of many owners)', () => {
  test('is after any update, in this composition or the next, what a new checkout would be', () => {
    fc.assert(
      fc.property(fc.array(fc.array(paths, { minLength: 1, maxLength: 3 }), { maxLength: 3 }), (compositions) => {
        for (const roots of compositions.map((some) => some.map(rootWith)))
          expect(composition(...roots)).toEqual(roots.map(anew))
      }),
      { numRuns: 60 },
    )
  })

  test('goes on from what the last composition left, touching what differs alone', () => {
    const inode = (path: string) => lstatSync(join(kept, 'root', path)).ino
    composition(rootWith({ 'same/a': '1', 'other/b': '2' }))
    const before = inode('same')
    composition(rootWith({ 'same/a': '1', 'other/b': '3' }))
    expect(inode('same')).toBe(before)
    expect(lstatSync(kept).mode & 0o077).toBe(0)
  })

  test('begins anew after another boot, a lost note, a lost tree, and a directory that somebody changed', () => {
    const [first, second] = [rootWith({ 'a/lost': '1', b: '2' }), rootWith({ 'a/found': '1', b: '3' })]
    const spoil: Record<string, () => void> = {
      boot: () => writeFileSync(join(kept, 'laid'), `another-boot ${first.tree}`),
      note: () => rmSync(join(kept, 'laid')),
      tree: () => {
        const lost = lookup(store, first.tree, 'a')
        if (lost?.type === 'directory') rmSync(store.pathOf(lost.tree))
      },
      directory: () => rmSync(join(kept, 'root/a/lost')),
    }
    for (const [what, how] of Object.entries(spoil)) {
      composition(rootWith({ 'a/lost': '1', b: '2' }))
      how()
      expect(composition(second), what).toEqual([anew(second)])
    }
  })

  test('is had by one composition at a time, and one of them hands it on', () => {
    const [one, two] = [rootWith({ a: '1' }), rootWith({ a: '2' })]
    composition(one)
    {
      using scratch = makeScratch(store)
      using lower = keptCheckout(store, scratch)
      lower.update(one)
      expect(composition(two)).toEqual([anew(two)])
      expect(listing(lower.directory)).toEqual(anew(one))
    }
    expect(listing(join(kept, 'root'))).toEqual(anew(two))
    expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
  })

  test('is not handed on when laying it out failed', () => {
    composition(rootWith({ a: '1' }))
    const device = mapOf(store, {
      a: '2',
      disk: { type: 'block', mode: 0o666, uid: 0, gid: 0, mtime: 0, major: 8, minor: 0 },
    })
    expect(() => composition(rootOf(store, device))).toThrow(expect.objectContaining({ code: 'IMAGE_SPEC_REFUSED' }))
    expect(() => lstatSync(kept)).toThrow('ENOENT')
  })
})
