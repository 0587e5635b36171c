import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, hexOf, painter } from '@holotype/base'
import { initDistribution } from '@holotype/distribution'
import { rememberTaken, takenSnapshots } from '@holotype/repository'
import { openStore } from '@holotype/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run, show } from '../commands/repo/gc.ts'
import { readConfig } from '../config.ts'
import { createContext } from '../context.ts'
import { alone } from './alone.ts'
import { addName, namesOf } from './names.ts'

const FLAGS = { json: false, quiet: true }
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-garbage-'))
  initDistribution(directory, 'acme')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function context() {
  return createContext({
    config: readConfig({ HOLOTYPE_DIRECTORY: directory }),
    flags: FLAGS,
    progress: () => {},
    signal: new AbortController().signal,
    workingDirectory: process.cwd(),
  })
}

/** Nothing was used lately. */
function age(path: string): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), 0, 0)
}

const collect = (more: { readonly dryRun?: boolean; readonly grace?: string } = {}) =>
  run(context(), { ...FLAGS, store: true, dryRun: false, ...more })

test('of the store stays what locks, channels, snapshots, repositories and newest images need', async () => {
  const { home } = context()
  const store = openStore(home.store)
  const put = (text: string) => store.put(Buffer.from(text))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: directory })
  const write = (path: string, text: string) => {
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
  }
  const kept = new Map<string, Digest>()
  const keep = (what: string) => {
    const digest = put(what)
    kept.set(what, digest)
    return digest
  }
  git('init', '-q', '-b', 'main')
  const lock = join(directory, 'images/base.lock')
  write(lock, `packages: [{ sha256: ${hexOf(keep('a package of another branch'))} }]\n`)
  git('add', '-A')
  git('commit', '-qm', 'begin')
  git('checkout', '-q', '-b', 'other')
  write(lock, `packages: [{ sha256: ${hexOf(keep('a package of the lock'))} }]\n`)
  write(join(home.site, 'channels', 'x.web.json'), JSON.stringify({ image: keep('an image of a channel') }))
  const records = join(home.store, 'repositories/deb/own/chunks/1/records')
  write(records, JSON.stringify([{ record: { sha256: hexOf(keep('an own package')) } }]))
  const images = ['an older image', 'the newest image'].map((text) => put(text))
  for (const digest of images) addName(store, 'images', { name: 'base', digest })
  const [older, newest] = images
  if (!older || !newest) throw new Error('two images')
  kept.set('the newest image', newest)
  const diff = store.putJson({ from: { image: older }, to: { image: newest } })
  addName(store, 'diffs', { name: 'all', digest: diff })
  const snapshots = ['first', 'named', 'second', 'last'].map((text) => ({ text, snapshot: put(`snapshot ${text}`) }))
  for (const { text, snapshot } of snapshots) {
    const name = text === 'named' ? 'before' : null
    rememberTaken(store, { upstream: 'debian', snapshot, taken: '2026-11-01T00:00:00Z', name })
    if (text === 'named' || text === 'last') kept.set(text, snapshot)
  }
  const garbage = put('garbage')
  age(home.store)

  const dry = await collect({ dryRun: true })
  expect(store.has(garbage)).toBe(true)
  const done = await collect()
  expect(done).toEqual({ ...dry, dryRun: false })
  for (const [what, digest] of kept) expect(store.has(digest), what).toBe(true)
  for (const digest of [garbage, older, diff, snapshots[0]?.snapshot, snapshots[2]?.snapshot])
    expect(digest && store.has(digest)).toBe(false)
  expect(namesOf(store, 'images', 'base')).toEqual([newest])
  expect(namesOf(store, 'diffs', 'all')).toEqual([])
  expect(takenSnapshots(store).map(({ snapshot }) => snapshot)).toEqual([kept.get('named'), kept.get('last')])
  const text = show(done, { paint: painter(false), width: 80, now: new Date() })
  expect(text).toMatch(/removed: nothing needs it +\d+ +[\d.]+ (?:B|KiB)/)
  // What it wrote itself is new.
  expect(await collect({ grace: '1h' })).toMatchObject({ removed: { files: 0, bytes: 0 } })
})

test('not while another command changes the state directory', async () => {
  await alone(context(), async () => {
    await expect(collect({ dryRun: true })).rejects.toMatchObject({ code: 'HOME_BUSY' })
  })
})
