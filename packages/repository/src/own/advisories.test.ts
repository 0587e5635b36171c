import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { compareText } from '@holotype/base'
import { type DeclaredAdvisory, formats, parseUpdateinfo } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { createKeyring } from '@holotype/trust'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Dnf, dnfWith } from '../testing/dnf.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { THEN } from '../testing/upstream.ts'
import { ingestMany } from './ingest.ts'
import type { OwnRepository } from './place.ts'
import { publish } from './publish.ts'
import { withdraw } from './withdraw.ts'

const missing = ['dnf', 'rpm'].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
const reason = missing.length === 0 ? '' : ` (skipped, because there is no ${missing.join(', ')})`

const folder = testFolder()
const base = join(folder, 'base')
const settings = { ...OWN_SETTINGS, suite: '', codename: '', architectures: ['x86_64'] }
const security: DeclaredAdvisory = {
  id: 'ACME-2026-1',
  type: 'security',
  severity: 'important',
  title: 'hello reads beyond its buffer',
  description: 'A long name <is> read & "printed" beyond its end.',
  issued: '2026-11-20T00:00:00.000Z',
  cves: ['CVE-2026-12345'],
  references: ['https://acme.example/advisories/1'],
  fixed: { hello: '1.1-1' },
}
const bugfix: DeclaredAdvisory = {
  ...security,
  id: 'ACME-2026-2',
  type: 'bugfix',
  severity: '',
  title: 'data is sorted',
  cves: [],
  references: [],
  fixed: { data: '2.0-1' },
}
const withAdvisories = { ...settings, advisories: [security, bugfix], date: THEN + 2 }

let repository: OwnRepository
let key: string
const write = (name: string, version: string) => writeSmall(join(folder, 'built'), 'rpm', { name, version })

async function good(dnf: Dnf, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await dnf(...argv)
  expect(code, `dnf ${argv.join(' ')}\n${stdout.toString()}\n${stderr}`).toBe(0)
  return stdout.toString()
}

beforeAll(async () => {
  const keyring = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
  key = join(folder, 'key.asc')
  writeFileSync(key, (await keyring.openPgpPublicKey()).armored)
  repository = {
    store: openStore(join(folder, 'store')),
    name: 'acme',
    format: formats.rpm,
    component: '',
    signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
  }
  await ingestMany(repository, [await write('hello', '1.0'), await write('data', '1.0')])
})

describe.skipIf(missing.length > 0)(`advisories${reason}`, () => {
  it('are what dnf lists, explains and upgrades by', async () => {
    await publish(repository, base, settings)
    expect(readdirSync(join(base, 'repodata')).some((name) => name.includes('updateinfo'))).toBe(false)
    const dnf = dnfWith(join(folder, 'machine'), `file://${base}`, key)
    await good(dnf, 'install', 'hello', 'data')
    await ingestMany(repository, [await write('hello', '1.1'), await write('hello', '1.2'), await write('data', '2.0')])
    await publish(repository, base, withAdvisories)
    const list = await good(dnf, '--refresh', 'updateinfo', 'list')
    expect(
      list
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .sort(([a = ''], [b = '']) => compareText(a, b)),
    ).toEqual([
      [''],
      ['ACME-2026-1', 'Important/Sec.', 'hello-1.1-1.x86_64'],
      ['ACME-2026-2', 'bugfix', 'data-2.0-1.x86_64'],
    ])
    const info = await good(dnf, 'updateinfo', 'info', '--security')
    expect(info).toContain('hello reads beyond its buffer')
    expect(info).toContain('A long name <is> read & "printed" beyond its end.')
    expect(info).toContain('CVE-2026-12345')
    expect(info).not.toContain('data is sorted')
    expect(await good(dnf, 'updateinfo', 'list', 'cves')).toMatch(/CVE-2026-12345\s+Important\/Sec\.\s+hello-1\.1-1/)
    await good(dnf, 'upgrade', '--advisory=ACME-2026-1')
    expect(await dnf.query('hello')).toMatch(/^hello-1\.[12]-1\.x86_64$/)
    expect(await dnf.query('data')).toBe('data-1.0-1.x86_64')
    await good(dnf, 'upgrade', '--bugfix')
    expect(await dnf.query('data')).toBe('data-2.0-1.x86_64')
  })

  it('name the lowest listed version that is mended, and change nothing where no index says them', async () => {
    await withdraw(repository, { name: 'hello', version: '1.1-1', now: THEN })
    await publish(repository, base, { ...withAdvisories, date: THEN + 3 })
    const repomd = readFileSync(join(base, 'repodata/repomd.xml'), 'utf8')
    const updateinfo = /href="(repodata\/[0-9a-f]{64}-updateinfo\.xml\.gz)"/.exec(repomd)?.[1] ?? ''
    const [first] = parseUpdateinfo(gunzipSync(readFileSync(join(base, updateinfo))))
    expect(first?.collections[0]?.packages).toMatchObject([{ name: 'hello', version: '1.2-1', architecture: 'x86_64' }])
    expect(await publish(repository, base, { ...withAdvisories, date: THEN + 4 })).toMatchObject({ changed: false })
    const advisories = [{ ...security, title: 'another' }, bugfix]
    expect(await publish(repository, base, { ...withAdvisories, advisories })).toMatchObject({ changed: true })
    const deb: OwnRepository = { ...repository, format: formats.deb, component: 'main' }
    await publish(deb, join(folder, 'deb'), OWN_SETTINGS)
    expect(await publish(deb, join(folder, 'deb'), { ...OWN_SETTINGS, advisories })).toMatchObject({ changed: false })
  })
})
