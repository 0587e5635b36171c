import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareText, run, SYSTEM_PATH } from '@holotype/base'
import { type DeclaredAdvisory, formats } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { createKeyring } from '@holotype/trust'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dnfWith } from '../testing/dnf.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { serveStatic, type StaticServer } from '../testing/static-server.ts'
import { THEN } from '../testing/upstream.ts'
import { type Zypper, zypperWith } from '../testing/zypper.ts'
import { ingestMany } from './ingest.ts'
import type { OwnRepository } from './place.ts'
import { publish } from './publish.ts'

const lacking = (tools: readonly string[]) => tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0)
const reasonFor = (missing: readonly string[]) =>
  missing.length === 0 ? '' : ` (skipped, because there is no ${missing.join(', ')})`
const noZypper = lacking(['zypper', 'rpm', 'rpmbuild'])
const noDnf = lacking(['dnf', 'rpm', 'rpmbuild'])

const folder = testFolder()
/** As a site is: the repository below `repo/rpm`, the key beside it. */
const base = join(folder, 'site/repo/rpm')
const settings = { ...OWN_SETTINGS, suite: '', codename: '', architectures: ['x86_64'] }
const advisory: DeclaredAdvisory = {
  id: 'ACME-2026-1',
  type: 'security',
  severity: 'important',
  title: 'hello reads beyond its buffer',
  description: 'It does.',
  issued: '2026-11-20T00:00:00.000Z',
  cves: ['CVE-2026-12345'],
  references: [],
  fixed: { hello: '1.1-1' },
}
let server: StaticServer
let repository: OwnRepository
const urlOf = (path: string) => `${server.url}/repo/${path}`
const write = (name: string, version: string, depends: readonly string[] = []) =>
  writeSmall(join(folder, 'built'), 'rpm', { name, version, depends })

/** A source package, and the package that rpmbuild makes of it. */
async function buildTool(): Promise<readonly string[]> {
  const top = join(folder, 'rpmbuild')
  mkdirSync(join(top, 'SOURCES'), { recursive: true })
  writeFileSync(join(top, 'SOURCES/tool.txt'), 'a tool\n')
  const spec = `Name: tool\nVersion: 1.0\nRelease: 1\nSummary: a test\nLicense: MIT\nSource0: tool.txt\nBuildArch: noarch
%description\na test\n%install\nmkdir -p %{buildroot}/usr/share/tool\ncp %{SOURCE0} %{buildroot}/usr/share/tool/\n%files\n/usr/share/tool/tool.txt\n`
  writeFileSync(join(top, 'tool.spec'), spec)
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: top }
  await run(['rpmbuild', '-ba', '--quiet', '--define', `_topdir ${top}`, join(top, 'tool.spec')], { env })
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.rpm'))
    .map((path) => join(top, path))
}

async function good(zypper: Zypper, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await zypper(...argv)
  expect(code, `zypper ${argv.join(' ')}\n${stdout.toString()}\n${stderr}`).toBe(0)
  return stdout.toString()
}

beforeAll(async () => {
  if (noZypper.length > 0 && noDnf.length > 0) return
  const keyring = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
  repository = {
    store: openStore(join(folder, 'store')),
    name: 'acme',
    format: formats.rpm,
    component: '',
    signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
  }
  await ingestMany(repository, [
    await write('hello', '1.0', ['data']),
    await write('data', '1.0'),
    ...(await buildTool()),
  ])
  await publish(repository, base, settings)
  writeFileSync(join(folder, 'site/repo/key.asc'), (await keyring.openPgpPublicKey()).armored)
  server = await serveStatic(join(folder, 'site'), { redirect: false })
})
afterAll(() => server?.[Symbol.asyncDispose]())

describe.skipIf(noZypper.length > 0)(`zypper${reasonFor(noZypper)}`, () => {
  it('installs packages, sources and patches by http, with the key from the site, all signatures demanded', async () => {
    const zypper = zypperWith(join(folder, 'zypper'), urlOf('rpm'), urlOf('key.asc'))
    await good(zypper, 'refresh')
    expect(server.asked).toContain('/repo/key.asc 200')
    await good(zypper, 'install', 'hello')
    expect(await zypper.query('hello')).toBe('hello-1.0-1.x86_64')
    expect(await zypper.query('data')).toBe('data-1.0-1.x86_64')
    await good(zypper, 'source-install', '--no-build-deps', 'tool')
    const source = zypper.find('SOURCES/tool.txt')
    expect(readFileSync(join(folder, 'zypper', source ?? ''), 'utf8')).toBe('a tool\n')
    await ingestMany(repository, [await write('hello', '1.1'), await write('data', '2.0')])
    await publish(repository, base, { ...settings, date: THEN + 1, advisories: [advisory] })
    await good(zypper, 'refresh')
    expect(await good(zypper, 'list-patches', '--cve=CVE-2026-12345')).toContain('ACME-2026-1')
    await good(zypper, 'patch', '--category', 'security')
    expect(await zypper.query('hello')).toBe('hello-1.1-1.x86_64')
    expect(await zypper.query('data')).toBe('data-1.0-1.x86_64')
  })
  it('refuses a repomd.xml whose signature is not of its bytes', async () => {
    const path = join(base, 'repodata/repomd.xml')
    const bytes = readFileSync(path, 'utf8')
    rmSync(path)
    writeFileSync(path, bytes.replace('<revision>', '<revision>9'))
    const zypper = zypperWith(join(folder, 'damaged'), urlOf('rpm'), urlOf('key.asc'))
    const { code, stdout, stderr } = await zypper('refresh')
    rmSync(path)
    writeFileSync(path, bytes)
    expect(code).not.toBe(0)
    expect(`${stdout.toString()}${stderr}`).toContain('Signature verification failed for repomd.xml')
    await good(zypper, 'refresh')
  })
})

describe('indexes in zstd, of several frames', () => {
  const place = join(folder, 'site/repo/zst')
  beforeAll(async () => {
    if (noZypper.length > 0 && noDnf.length > 0) return
    // The opening, each chunk and the closing are frames of their own.
    const many = await Promise.all(Array.from({ length: 20 }, (_, at) => write(`p${at}`, '1.0')))
    await ingestMany(repository, many)
    await publish({ ...repository }, place, { ...settings, compression: 'zst', advisories: [advisory] })
  })
  it.skipIf(noZypper.length > 0 && noDnf.length > 0)(`are the only ones${reasonFor(noDnf)}`, () => {
    const kinds = readdirSync(join(place, 'repodata')).flatMap((name) => /^[0-9a-f]{64}-(.*)$/.exec(name)?.[1] ?? [])
    expect(kinds.sort(compareText)).toEqual(
      ['filelists', 'other', 'primary', 'updateinfo'].map((kind) => `${kind}.xml.zst`),
    )
  })
  it.skipIf(noZypper.length > 0)(`are read by zypper${reasonFor(noZypper)}`, async () => {
    const zypper = zypperWith(join(folder, 'zypper-zst'), urlOf('zst'), urlOf('key.asc'))
    await good(zypper, 'refresh')
    expect((await good(zypper, 'search', '--match-exact', 'p0', 'p19')).match(/\| p(0|19) /g)).toHaveLength(2)
    await good(zypper, 'install', 'p7')
    expect(await zypper.query('p7')).toBe('p7-1.0-1.x86_64')
  })
  it.skipIf(noDnf.length > 0)(`are read by dnf${reasonFor(noDnf)}`, async () => {
    const dnf = dnfWith(join(folder, 'dnf-zst'), urlOf('zst'), urlOf('key.asc'))
    const { stdout } = await dnf('repoquery', 'p*')
    expect(stdout.toString().trim().split('\n')).toHaveLength(20)
    expect((await dnf('repoquery', '--list', 'p19')).stdout.toString().trim()).toBe('/usr/share/p19')
    expect((await dnf('updateinfo', '--summary', '--available')).code).toBe(0)
  })
})

describe.skipIf(noDnf.length > 0)(`dnf${reasonFor(noDnf)}`, () => {
  it('takes the key from the site, and lists source packages', async () => {
    const dnf = dnfWith(join(folder, 'dnf'), urlOf('rpm'), urlOf('key.asc'))
    const before = server.asked.length
    const { code, stdout, stderr } = await dnf('install', 'hello')
    expect(code, `${stdout.toString()}${stderr}`).toBe(0)
    expect(server.asked.slice(before)).toContain('/repo/key.asc 200')
    expect(await dnf.query('hello')).toMatch(/^hello-1\.[01]-1\.x86_64$/)
    const listed = await dnf('repoquery', '--arch=src', '--qf', '%{name} %{location}', 'tool')
    expect(listed.stdout.toString().trim()).toBe('tool Packages/t/tool-1.0-1.src.rpm')
  })
})
