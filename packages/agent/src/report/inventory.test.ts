import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formats } from '@holotype/formats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readInventory } from './inventory.ts'

let folder: string
let root: string
let state: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holotype-inventory-'))
  root = join(folder, 'root')
  state = join(folder, 'state')
  for (const directory of [root, state]) mkdirSync(directory)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const stanza = (name: string, status = 'install ok installed') =>
  `Package: ${name}\nStatus: ${status}\nArchitecture: amd64\nVersion: 1.0-1\n\n`

function putDesc(name: string): void {
  put(`var/lib/pacman/local/${name}-1-1/desc`, `%NAME%\n${name}\n\n%VERSION%\n1-1\n\n%ARCH%\nx86_64\n\n`)
}

const plist = (name: string) => `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>${name}</key><dict><key>architecture</key><string>x86_64</string>
<key>pkgver</key><string>${name}-1.0_1</string><key>state</key><string>installed</string></dict></dict></plist>
`

/** What the inventory of the root says, as `name version architecture`. */
async function installed(): Promise<string[] | undefined> {
  const inventory = await readInventory(root, state)
  const found: { name: string; version: string; architecture: string }[] = JSON.parse(inventory?.text ?? '[]')
  return inventory ? found.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`) : undefined
}

const noRpm = spawnSync('rpm', ['--version']).status !== 0

describe('the inventory of a root', () => {
  test('without a package database there is none', async () => {
    expect(await readInventory(root, state)).toBeNull()
  })

  test("dpkg's status; what is not wholly installed is left out", async () => {
    put('var/lib/dpkg/status', stanza('b') + stanza('a') + stanza('c', 'install ok half-configured'))
    expect(await installed()).toEqual(['a 1.0-1 amd64', 'b 1.0-1 amd64'])
  })

  test('of an image without dpkg', async () => {
    put('var/lib/dpkg/status.d/base-files', 'Package: base-files\nArchitecture: amd64\nVersion: 12\n')
    expect(await installed()).toEqual(['base-files 12 amd64'])
  })

  test("pacman's local database, read again when a package comes or goes", async () => {
    putDesc('b')
    expect(await installed()).toEqual(['b 1-1 x86_64'])
    putDesc('a')
    expect(await installed()).toEqual(['a 1-1 x86_64', 'b 1-1 x86_64'])
    rmSync(join(root, 'var/lib/pacman/local/b-1-1'), { recursive: true })
    expect(await installed()).toEqual(['a 1-1 x86_64'])
  })

  test("xbps' pkgdb", async () => {
    put('var/db/xbps/pkgdb-0.38.plist', plist('b'))
    expect(await installed()).toEqual(['b 1.0_1 x86_64'])
  })

  test.skipIf(noRpm)(
    `rpm's database, as rpm changes it${noRpm ? ' (skipped, because: no rpm)' : ''}`,
    { timeout: 30_000 },
    async () => {
      const install = async (name: string) => {
        const file = join(folder, `${name}.rpm`)
        const fields = [
          ['Name', name],
          ['Version', '1.0'],
          ['Release', '1'],
          ['Arch', 'noarch'],
          ['Summary', name],
          ['License', 'MIT'],
        ] as const
        await formats.rpm.writePackage(file, { fields, control: new Map(), payload: [], epoch: 1_700_000_000 })
        const place = ['--root', root, '--dbpath', '/var/lib/rpm']
        execFileSync('rpm', [...place, '--nosignature', '-i', '--justdb', file], { stdio: 'pipe' })
      }
      await install('b')
      expect(await installed()).toEqual(['b 1.0-1 noarch'])
      await install('a')
      expect(await installed()).toEqual(['a 1.0-1 noarch', 'b 1.0-1 noarch'])
    },
  )

  test('of several formats all are told', async () => {
    put('var/lib/dpkg/status', stanza('of-dpkg'))
    putDesc('of-pacman')
    expect(await installed()).toEqual(['of-dpkg 1.0-1 amd64', 'of-pacman 1-1 x86_64'])
  })

  test('is not read again while nothing changes', async () => {
    putDesc('a')
    const first = await readInventory(root, state)
    const { mtimeMs } = statSync(join(state, 'inventory.json'))
    // No change of the directory's names: what is kept is given, the damage not seen.
    appendFileSync(join(root, 'var/lib/pacman/local/a-1-1/desc'), 'garbage')
    expect(await readInventory(root, state)).toEqual(first)
    expect(statSync(join(state, 'inventory.json')).mtimeMs).toBe(mtimeMs)
  })

  test('a damaged database is an error that names it', async () => {
    put('var/db/xbps/pkgdb-0.38.plist', '<plist')
    await expect(readInventory(root, state)).rejects.toMatchObject({
      code: 'INSTALLED_MALFORMED',
      message: expect.stringContaining('var/db/xbps/pkgdb-0.38.plist'),
    })
  })
})
