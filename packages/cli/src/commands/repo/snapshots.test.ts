import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { painter } from '@holotype/base'
import { formats } from '@holotype/formats'
import { ingest, publish } from '@holotype/repository'
import { readLock } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'
import { createKeyring, type Keyring } from '@holotype/trust'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../config.ts'
import { type Context, createContext } from '../../context.ts'
import { run as lockImage } from '../image/lock.ts'
import { run as diff, show as showDiff } from './diff.ts'
import { run as drop } from './drop.ts'
import { run as list, show as showList } from './list.ts'
import { run as show } from './show.ts'
import { run as snapshot } from './snapshot.ts'

const FLAGS = { json: false, quiet: true }
const LOCK = { ...FLAGS, keep: false, minimal: false, allowMissingSonames: false }
const VIEW = { paint: painter(false), width: 80, now: new Date() }
const THEN = 1_750_000_000

let place = ''
let keyring: Keyring
let published = 0
beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-snapshots-'))
  keyring = await createKeyring(join(place, 'keys'), { now: new Date((THEN - 60) * 1000) })
  published = 0
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

/** A command's context, at a time of its own. */
function contextAt(time = '2026-11-21T10:00:00Z'): Context {
  const context = createContext({
    config: readConfig({ HOLOTYPE_DIRECTORY: join(place, 'distribution') }),
    flags: FLAGS,
    progress: () => {},
    signal: new AbortController().signal,
    workingDirectory: process.cwd(),
  })
  return { ...context, now: () => new Date(time), store: async () => quick(await context.store()) }
}

/** A store that does not wait for the disk: nobody switches the machine off here, and dozens of commands would wait for it. */
function quick(store: Store): Store {
  return { ...store, flush: async () => {} }
}

const versioned = (words: string) => words.split('=')

interface Archive {
  readonly format: 'deb' | 'alpm'
  readonly suite: string
  readonly architecture: string
}
const DEB: Archive = { format: 'deb', suite: 'stable', architecture: 'amd64' }
const ALPM: Archive = { format: 'alpm', suite: 'extra', architecture: 'x86_64' }

async function writePackage({ format }: Archive, name: string, version: string): Promise<string> {
  const path = join(place, `${name}-${version}-x86_64.${format === 'deb' ? 'deb' : 'pkg.tar.zst'}`)
  const bytes = Buffer.from(`${name} ${version}`)
  const debFields = [
    ['Package', name],
    ['Version', version],
    ['Architecture', 'amd64'],
    ['Maintainer', 'Test <test@example.org>'],
    ['Description', 'a test'],
  ] as const
  const alpmFields = [
    ['pkgname', name],
    ['pkgbase', name],
    ['pkgver', version],
    ['pkgdesc', 'a test'],
    ['builddate', String(THEN)],
    ['packager', 'Test <test@example.org>'],
    ['size', '5'],
    ['arch', 'x86_64'],
  ] as const
  await formats[format].writePackage(path, {
    fields: format === 'deb' ? debFields : alpmFields,
    control: new Map(),
    payload: [
      { path: `usr/share/${name}`, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes },
    ],
    epoch: THEN,
  })
  return path
}

/** The upstream, as the whole of it is now: packages as `name=version`. */
async function publishUpstream(archive: Archive, ...packages: readonly string[]): Promise<void> {
  const { format, suite, architecture } = archive
  const repository = {
    store: quick(openStore(join(place, `upstream-${++published}`))),
    name: suite,
    format: formats[format],
    component: 'main',
    signer: keyring.repositorySigner(() => new Date((THEN + published) * 1000)),
  }
  for (const words of packages) {
    const [name = '', version = ''] = versioned(words)
    await ingest(repository, await writePackage(archive, name, version))
  }
  rmSync(join(place, 'archive'), { recursive: true, force: true })
  await publish(repository, join(place, 'archive'), {
    origin: 'Test',
    label: 'Test',
    suite,
    codename: suite,
    description: 'a test',
    architectures: [architecture],
    date: THEN + published,
  })
}

async function declare(archive: Archive, more: { readonly snapshot?: string } = {}): Promise<void> {
  const directory = join(place, 'distribution')
  mkdirSync(join(directory, 'images'), { recursive: true })
  mkdirSync(join(directory, 'keys'), { recursive: true })
  writeFileSync(join(directory, 'keys/archive.asc'), (await keyring.openPgpPublicKey()).armored)
  writeFileSync(
    join(directory, 'holotype.yaml'),
    `name: acme
upstreams:
  up:
    format: ${archive.format}
    url: ${pathToFileURL(join(place, 'archive')).href}
    architecture: ${archive.architecture}
    ${archive.format === 'deb' ? 'suites' : 'repositories'}: [${archive.suite}]
    keyring: keys/archive.asc
${more.snapshot === undefined ? '' : `    snapshot: ${more.snapshot}\n`}`,
  )
  writeFileSync(join(directory, 'images/web.yaml'), 'packages: [hello]\n')
}

describe('snapshots of an upstream', () => {
  test.each([DEB, ALPM])('are taken, named, listed, compared, locked from and dropped: $format', async (archive) => {
    await publishUpstream(archive, 'hello=1.0-1', 'gone=1.0-1', 'same=1.0-1', 'back=2.0-1')
    await declare(archive)
    const first = await snapshot(contextAt(), FLAGS, 'up')
    expect(first).toMatchObject({ name: 'up-20261121', upstream: 'up', packages: 4, unsigned: false })
    expect(await snapshot(contextAt(), FLAGS, 'up')).toMatchObject({ name: 'up-20261121', snapshot: first.snapshot })
    await publishUpstream(archive, 'hello=1.1-1', 'new=1.0-1', 'same=1.0-1', 'back=1.9-1')
    const locked = await lockImage(contextAt('2026-11-22T10:00:00Z'), LOCK, 'web')
    expect(locked).toMatchObject({ packages: 1 })

    const compared = await diff(contextAt(), { ...FLAGS, limit: 40 }, 'up-20261121', 'latest')
    expect(compared.packages.map(({ name, before, after, change }) => [name, before, after, change])).toEqual([
      ['back', '2.0-1', '1.9-1', 'older'],
      ['gone', '1.0-1', null, 'removed'],
      ['hello', '1.0-1', '1.1-1', 'newer'],
      ['new', null, '1.0-1', 'added'],
    ])
    const shown = showDiff(compared, VIEW)
    expect(shown).toContain('up-20261121 → latest: 4 → 4 packages\n1 added, 1 removed, 1 newer, 1 older\n')
    for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    for (const [from, to] of [
      ['up-20261121', 'web.lock'],
      [first.snapshot, 'web.lock:up'],
      [first.snapshot.slice(7, 19), 'latest:up'],
    ] as const)
      expect((await diff(contextAt(), { ...FLAGS, limit: 1 }, from, to)).packages).toEqual(compared.packages)
    expect((await show(contextAt(), FLAGS, 'up')).map(({ version }) => version).sort()).toContain('1.1-1')
    expect((await show(contextAt(), FLAGS, 'up-20261121')).map(({ name }) => name)).toContain('gone')

    const listed = await list(contextAt(), FLAGS)
    expect(listed.map(({ name, latest, images }) => [name, latest, images])).toEqual([
      ['up-20261121', false, []],
      [null, true, ['web']],
      [null, false, ['web']],
    ])
    for (const line of showList(listed, VIEW).split('\n')) expect(line.length).toBeLessThanOrEqual(80)

    await drop(contextAt(), FLAGS, 'up-20261121')
    expect((await list(contextAt(), FLAGS)).map(({ name }) => name)).not.toContain('up-20261121')
  })

  test('that a lock needs keep their name; others of a day get a number', async () => {
    await publishUpstream(DEB, 'hello=1.0-1')
    await declare(DEB)
    await lockImage(contextAt(), LOCK, 'web')
    await snapshot(contextAt(), { ...FLAGS, name: 'first' }, 'up')
    await expect(drop(contextAt(), FLAGS, 'first')).rejects.toMatchObject({ code: 'SNAPSHOT_LOCKED' })
    await expect(drop(contextAt(), FLAGS, 'first')).rejects.toThrow('were locked from: web')
    await publishUpstream(DEB, 'hello=2.0-1')
    await expect(snapshot(contextAt(), { ...FLAGS, name: 'first' }, 'up')).rejects.toMatchObject({
      code: 'SNAPSHOT_NAME_TAKEN',
    })
    expect(await snapshot(contextAt(), FLAGS, 'up')).toMatchObject({ name: 'up-20261121' })
    await publishUpstream(DEB, 'hello=3.0-1')
    expect(await snapshot(contextAt(), FLAGS, 'up')).toMatchObject({ name: 'up-20261121.2' })
    await lockImage(contextAt(), LOCK, 'web')
    expect(await drop(contextAt(), FLAGS, 'first')).toEqual({ dropped: 'first' })
  })

  test('that are pinned are locked from, by everyone or for one run, and are not dropped', async () => {
    await publishUpstream(DEB, 'hello=1.0-1')
    await declare(DEB)
    const before = await snapshot(contextAt(), { ...FLAGS, name: 'before' }, 'up')
    // Its packages are kept: upstream will have none of them.
    await lockImage(contextAt(), LOCK, 'web')
    await publishUpstream(DEB, 'hello=2.0-1')
    const after = await snapshot(contextAt(), { ...FLAGS, name: 'after' }, 'up')
    const lock = async (...asked: readonly string[]) => {
      await lockImage(contextAt(), { ...LOCK, snapshot: asked }, 'web')
      const { snapshots, packages } = readLock(join(place, 'distribution/images/web.lock'), 'web.lock')
      return [snapshots.up, packages[0]?.version]
    }
    expect(await lock('before')).toEqual([before.snapshot, '1.0-1'])
    expect(await lock()).toEqual([after.snapshot, '2.0-1'])
    expect(await lock('up=before')).toEqual([before.snapshot, '1.0-1'])
    await expect(lock('before', 'latest')).rejects.toThrow('two snapshots of up are asked for')
    await expect(lock('upp=before')).rejects.toThrow('no upstream is called upp; did you mean up?')
    await expect(lock('befor')).rejects.toThrow('did you mean before?')

    await declare(DEB, { snapshot: before.snapshot })
    rmSync(join(place, 'archive/dists'), { recursive: true })
    expect(await lock()).toEqual([before.snapshot, '1.0-1'])
    expect(await lock('after')).toEqual([after.snapshot, '2.0-1'])
    await expect(drop(contextAt(), FLAGS, 'before')).rejects.toMatchObject({ code: 'SNAPSHOT_PINNED' })
    expect((await list(contextAt(), FLAGS)).map(({ name, pinned }) => [name, pinned])).toEqual([
      ['before', true],
      ['after', false],
      // Our own, of the lock.
      [null, false],
    ])

    await declare(DEB, { snapshot: `sha256:${'0'.repeat(64)}` })
    await expect(lock()).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' })
    await declare({ ...DEB, architecture: 'arm64' }, { snapshot: before.snapshot })
    await expect(lock()).rejects.toMatchObject({ code: 'SNAPSHOT_UNFIT' })
    await declare(DEB)
    expect(await drop(contextAt(), FLAGS, 'before')).toEqual({ dropped: 'before' })
  })

  test('that are unknown or mean several are refused with what they may be', async () => {
    await publishUpstream(DEB, 'hello=1.0-1')
    await declare(DEB)
    const compare = (from: string, to: string) => diff(contextAt(), { ...FLAGS, limit: 0 }, from, to)
    await expect(compare('latest', 'latest')).rejects.toThrow('no snapshot was taken here')
    await expect(compare('web.lock', 'latest')).rejects.toMatchObject({ code: 'LOCK_MISSING' })
    await snapshot(contextAt(), { ...FLAGS, name: 'before' }, 'up')
    await expect(compare('befor', 'latest')).rejects.toThrow('no snapshot is called befor; did you mean before?')
    await expect(compare('latest:down', 'latest')).rejects.toThrow('no snapshot of down was taken here')
    await expect(snapshot(contextAt(), FLAGS, 'upp')).rejects.toThrow('did you mean up?')
    for (const name of ['latest', 'web.lock', 'Up', '-x'])
      await expect(snapshot(contextAt(), { ...FLAGS, name }, 'up')).rejects.toMatchObject({ code: 'CLI_USAGE' })
    const [{ snapshot: digest } = { snapshot: '' }] = await list(contextAt(), FLAGS)
    expect(showDiff(await compare(digest, 'latest'), VIEW)).toContain(`${digest.slice(7, 19)} → latest: 1 → 1 package`)
    const same = await compare('before', 'latest')
    expect(same).toMatchObject({ packages: [], sources: [] })
    expect(showDiff(same, VIEW)).toBe('before → latest: 1 → 1 package\nno package differs\n')
    writeFileSync(
      join(place, 'distribution/holotype.yaml'),
      ['one', 'two']
        .map(
          (name) =>
            `  ${name}: { format: deb, url: '${pathToFileURL(join(place, 'archive')).href}', suites: [stable], keyring: keys/archive.asc }\n`,
        )
        .reduce((text, line) => text + line, 'name: acme\nupstreams:\n'),
    )
    await lockImage(contextAt(), LOCK, 'web')
    await expect(compare('web.lock', 'latest')).rejects.toMatchObject({ code: 'NAME_AMBIGUOUS' })
    expect(await compare('web.lock:one', 'latest')).toMatchObject({ packages: [] })
  })
})
