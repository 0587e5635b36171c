import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { formats, parseContents } from '@holotype/formats'
import { createKeyring } from '@holotype/trust'
import { expect, it } from 'vitest'
import { aptWith } from '../testing/apt.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { THEN, writeDeb } from '../testing/upstream.ts'
import { ingestMany } from './ingest.ts'
import { publish } from './publish.ts'
import { withdraw } from './withdraw.ts'

const folder = testFolder()
const hasApt = spawnSync('apt-get', ['--version']).status === 0

it.skipIf(!hasApt)(
  `apt fetches Contents where they are asked for, by the digest that is signed${hasApt ? '' : ' (skipped, because there is no apt-get)'}`,
  async () => {
    const keys = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
    const repository = await ownRepository(folder)
    const base = join(folder, 'base')
    const files = [
      await writeDeb(join(folder, 'built'), { name: 'hello' }),
      await writeDeb(join(folder, 'built'), { name: 'world', architecture: 'all' }),
    ]
    await ingestMany(repository, files)
    const settings = { ...OWN_SETTINGS, contents: true }
    await publish(repository, base, settings)
    const lines = () =>
      [...parseContents(gunzipSync(readFileSync(join(base, 'dists/stable/main/Contents-amd64.gz'))))].map(
        ({ path, packages }) => `${path} ${packages.join(',')}`,
      )
    const all = lines()
    const held = new Set<string>()
    for (const file of files)
      await formats.deb.readPackage(file, ({ path, type }) => void (type === 'directory' || held.add(path)))
    expect(all.map((line) => line.split(' ')[0])).toEqual([...held].sort())
    expect(all.some((line) => line.includes('hello'))).toBe(true)
    expect(all.some((line) => line.includes('world'))).toBe(true)

    const keyring = join(folder, 'key.gpg')
    writeFileSync(keyring, (await keys.openPgpPublicKey()).binary)
    // What apt-file tells apt to fetch.
    const target = 'Acquire::IndexTargets::deb::Contents-deb'
    const asked = [
      `${target}::MetaKey=$(COMPONENT)/Contents-$(ARCHITECTURE)`,
      `${target}::ShortDescription=Contents`,
      `${target}::Description=$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents`,
    ].flatMap((option) => ['-o', option])
    const apt = aptWith(join(folder, 'machine'), base, keyring)
    const { code, stderr } = await apt(...asked, 'update')
    expect(`${code} ${stderr}`).toBe('0 ')
    const lists = readdirSync(join(folder, 'machine'), { recursive: true, encoding: 'utf8' })
    expect(lists.filter((path) => path.includes('_Contents-amd64'))).toHaveLength(1)

    expect(await publish(repository, base, settings)).toMatchObject({ changed: false })
    await withdraw(repository, { name: 'world', version: '1.0', now: THEN })
    await publish(repository, base, settings)
    expect(lines().every((line) => !line.includes('world'))).toBe(true)
    // Without being asked: none, and none in Release.
    await publish(repository, base, OWN_SETTINGS)
    expect(readFileSync(join(base, 'dists/stable/Release'), 'utf8')).not.toContain('Contents')
  },
)
