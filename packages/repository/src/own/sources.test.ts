import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '@holotype/base'
import { openStore } from '@holotype/store'
import { createKeyring } from '@holotype/trust'
import { beforeAll, describe, expect, it } from 'vitest'
import { aptWith } from '../testing/apt.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { openGpg } from '../testing/gpg.ts'
import { SOURCE_TOOLS, writeSource } from '../testing/source-package.ts'
import { THEN, writeDeb } from '../testing/upstream.ts'
import { collectGarbage } from './collect-garbage.ts'
import { ingest } from './ingest.ts'
import { ingestSources } from './ingest-sources.ts'
import { placeOf } from './place.ts'
import { publish } from './publish.ts'
import { ownSnapshot } from './snapshot.ts'
import { ownPackages } from './state.ts'
import { withdraw } from './withdraw.ts'

const missing = [...SOURCE_TOOLS, 'gpg', 'apt-get'].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
const reason = missing.length === 0 ? '' : ` (skipped, because there is no ${missing.join(', ')})`

const folder = testFolder()
let keyring: string
/** Source packages that dpkg-source made, which share their upstream tarball; and the third, of the same version, which does not. */
const made = { first: '', second: '', other: '' }

beforeAll(async () => {
  if (missing.length > 0) return
  const keys = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
  keyring = join(folder, 'keyring.gpg')
  writeFileSync(keyring, (await keys.openPgpPublicKey()).binary)
  const one = join(folder, 'one')
  const two = join(folder, 'two')
  made.first = await writeSource(one, { name: 'hello', version: '1.0-1' })
  made.second = await writeSource(one, { name: 'hello', version: '1.0-2' })
  made.other = await writeSource(two, { name: 'hello', version: '1.0-3', upstream: 'another\n' })
})

const TARBALL = 'pool/main/h/hello/hello_1.0.orig.tar.gz'

describe.skipIf(missing.length > 0)(`source packages${reason}`, () => {
  it('are what `apt-get source` gets, its signatures and digests checked, and dpkg-source unpacks', async () => {
    const repository = await ownRepository(folder, 'fetched')
    const base = join(folder, 'fetched')
    await ingest(repository, await writeDeb(join(folder, 'built'), { name: 'hello', version: '1.0-2' }))
    const taken = await ingestSources(repository, [made.first, made.second])
    expect(taken.map(({ record, added }) => [record.filename, record.architecture, added])).toEqual([
      ['pool/main/h/hello/hello_1.0-1.dsc', 'source', true],
      ['pool/main/h/hello/hello_1.0-2.dsc', 'source', true],
    ])
    await publish(repository, base, OWN_SETTINGS)
    const root = join(folder, 'machine')
    const apt = aptWith(root, base, keyring)
    expect(await apt('update')).toMatchObject({ code: 0, stderr: '' })
    expect(await apt('source', 'hello')).toMatchObject({ code: 0 })
    expect(readFileSync(join(root, 'hello-1.0/README'), 'utf8')).toBe('hello\n')
    expect(readFileSync(join(root, 'hello-1.0/debian/changelog'), 'utf8')).toContain('hello (1.0-2)')
    expect(await apt('source', '--download-only', 'hello=1.0-1')).toMatchObject({ code: 0 })
    expect(readFileSync(join(root, 'hello_1.0-1.dsc')).equals(readFileSync(made.first))).toBe(true)
    // An image is locked from packages alone.
    expect(ownPackages(placeOf(repository))).toHaveLength(3)
    const snapshot = ownSnapshot(repository.store, { name: 'fetched', format: 'deb', architecture: 'amd64' })
    const index = snapshot.snapshot.suites[0]?.indexes[0]
    const listed: unknown = JSON.parse(index ? repository.store.read(index.digest).toString() : '')
    expect(listed).toMatchObject([{ name: 'hello', version: '1.0-2', architecture: 'amd64' }])
    // The guard that can fail: other bytes in the pool.
    rmSync(join(root, 'hello_1.0.orig.tar.gz'))
    rmSync(join(base, TARBALL))
    writeFileSync(join(base, TARBALL), 'other bytes')
    expect(await apt('source', '--download-only', 'hello')).toMatchObject({ code: 100 })
  })

  it('are the same when they are signed anew, and refused with other bytes', async () => {
    const repository = await ownRepository(folder, 'refused')
    await ingestSources(repository, [made.first])
    const place = join(folder, 'signed')
    mkdirSync(place)
    await using gpg = await openGpg(join(folder, 'gpg'))
    const signed = join(place, 'hello_1.0-1.dsc')
    await gpg.gpg('--yes', '--clear-sign', '--output', signed, made.first)
    // Its files are in the store: they need not lie beside it.
    expect(await ingestSources(repository, [signed])).toMatchObject([{ added: false }])
    const resigned = await ownRepository(folder, 'resigned')
    expect(await ingestSources(resigned, [signed, made.first])).toMatchObject([{ added: true }, { added: false }])
    await expect(ingestSources(repository, [made.other])).rejects.toMatchObject({
      code: 'REPOSITORY_VERSION_TAKEN',
      message: expect.stringContaining(TARBALL),
    })
    await withdraw(repository, { name: 'hello', version: '1.0-1', now: THEN })
    const changed = join(place, 'changed.dsc')
    writeFileSync(changed, readFileSync(made.first, 'utf8').replace('Jane Doe', 'John Doe'))
    await expect(ingestSources(repository, [changed])).rejects.toMatchObject({ code: 'REPOSITORY_VERSION_TAKEN' })
    expect(ownPackages(placeOf(repository))).toEqual([])
    const [back] = await ingestSources(repository, [signed])
    expect(back?.added).toBe(true)
    expect(repository.store.read(back?.digest ?? 'sha256:').equals(readFileSync(made.first))).toBe(true)
  })

  it('are withdrawn with their version; a tarball that another version has stays', async () => {
    const repository = await ownRepository(folder, 'collected')
    const base = join(folder, 'collected')
    await ingestSources(repository, [made.first, made.second])
    await publish(repository, base, OWN_SETTINGS)
    for (const [version, left] of [
      ['1.0-1', true],
      ['1.0-2', false],
    ] as const) {
      expect(await withdraw(repository, { name: 'hello', version, now: THEN })).toMatchObject([
        { architecture: 'source' },
      ])
      await publish(repository, base, { ...OWN_SETTINGS, date: THEN + 1 })
      const removed = await collectGarbage(repository, base, { now: THEN + 100, grace: 10 })
      expect(removed).toContain(`pool/main/h/hello/hello_${version}.dsc`)
      expect(existsSync(join(base, TARBALL))).toBe(left)
    }
    // The store has them yet.
    await ingestSources(repository, [made.first])
    await publish(repository, base, { ...OWN_SETTINGS, date: THEN + 2 })
    expect(existsSync(join(base, TARBALL))).toBe(true)
  })

  it('are refused when a file is missing, damaged or named to lead elsewhere', async () => {
    // A store of its own, which has none of the files.
    const repository = await ownRepository(folder, 'damaged')
    const own = { ...repository, store: openStore(join(folder, 'damaged-store')) }
    const place = join(folder, 'damaged')
    mkdirSync(place)
    const dsc = join(place, 'hello_1.0-1.dsc')
    copyFileSync(made.first, dsc)
    const tarball = join(place, 'hello_1.0.orig.tar.gz')
    const refused = (code: string, text: string) =>
      expect(ingestSources(own, [dsc])).rejects.toMatchObject({ code, message: expect.stringContaining(text) })
    await refused('FILE_UNREADABLE', tarball)
    copyFileSync(join(dirname(made.first), 'hello_1.0.orig.tar.gz'), tarball)
    truncateSync(tarball, 10)
    await refused('PACKAGE_MALFORMED', `${tarball} has 10 bytes`)
    copyFileSync(join(dirname(made.other), 'hello_1.0.orig.tar.gz'), tarball)
    await refused('PACKAGE_MALFORMED', tarball)
    const text = readFileSync(made.first, 'utf8')
    for (const [from, to, says] of [
      [/hello_1\.0\.orig/g, 'help_1.0.orig', '"help_1.0.orig.tar.gz" is no name of a file'],
      [/hello_1\.0\.orig\.tar\.gz/g, 'hello_1.0_amd64.deb', '"hello_1.0_amd64.deb" is no name of a file'],
      [/Checksums-Sha256:(\n .*)+/, 'Checksums-Sha256:', 'it names no files by SHA-256'],
      [/(Files:\n.* )hello_1\.0\.orig/, '$1hello_1.0.orig-more', 'hello_1.0.orig-more.tar.gz, and no SHA-256'],
      [/Version: .*/, 'Version: ../x', '"../x" is no version'],
    ] as const) {
      writeFileSync(dsc, text.replace(from, to))
      await refused('PACKAGE_MALFORMED', says)
    }
    expect(ownPackages(placeOf(own))).toEqual([])
    expect((await run(['find', own.store.directory, '-name', 'manifest.json'])).stdout.toString()).toBe('')
  })
})
