import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run as spawn, SYSTEM_PATH } from '@holotype/base'
import { createKeyring } from '@holotype/trust'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { type Context, createContext } from '../../context.ts'
import { run as add, show } from './add.ts'
import { run as publish } from './publish.ts'
import { run as withdraw } from './withdraw.ts'

const missing = ['dpkg-source', 'rpmbuild'].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
const reason = missing.length === 0 ? '' : ` (skipped, because there is no ${missing.join(', ')})`
const FLAGS = { json: false, quiet: true }
const ADD = { ...FLAGS, payload: 'checked' } as const

let place = ''
const warnings: string[] = []
const env = () => ({ PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: place })

function context(): Context {
  return createContext({
    config: readConfig({ HOLOTYPE_DIRECTORY: join(place, 'distribution') }),
    flags: FLAGS,
    progress: (event) => event.kind === 'note' && warnings.push(event.text),
    signal: new AbortController().signal,
    workingDirectory: process.cwd(),
  })
}

function put(path: string, text: string): string {
  const full = join(place, path)
  mkdirSync(join(full, '..'), { recursive: true })
  writeFileSync(full, text)
  return full
}

/** The .dsc of a source package without a revision. */
async function dsc(): Promise<string> {
  put('src/hello-1.0/debian/source/format', '3.0 (native)\n')
  put(
    'src/hello-1.0/debian/control',
    'Source: hello\nMaintainer: J <j@example.org>\n\nPackage: hello\nArchitecture: any\nDescription: a test\n',
  )
  put(
    'src/hello-1.0/debian/changelog',
    'hello (1.0) unstable; urgency=low\n\n  * x\n\n -- J <j@example.org>  Sat, 21 Nov 2026 05:53:00 +0000\n',
  )
  await spawn(['dpkg-source', '--build', 'hello-1.0'], { cwd: join(place, 'src'), env: env() })
  return join(place, 'src/hello_1.0.dsc')
}

async function sourceRpm(): Promise<string> {
  const spec = put(
    'rpm/hello.spec',
    'Name: hello\nVersion: 1.0\nRelease: 1\nSummary: a test\nLicense: MIT\nBuildArch: noarch\n%description\na test\n%files\n',
  )
  await spawn(['rpmbuild', '-bs', '--quiet', '--define', `_topdir ${join(place, 'rpm')}`, spec], { env: env() })
  return join(place, 'rpm/SRPMS/hello-1.0-1.src.rpm')
}

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'holotype-add-'))
  put(
    'distribution/holotype.yaml',
    'name: acme\nupstreams:\n  debian:\n    format: deb\n    from: host\n    pockets: [release]\n    components: [main]\n',
  )
  put(
    'distribution/advisories/ACME-1.yaml',
    'title: hello is old\nissued: 2026-11-20\ndescription: It is.\nfixed:\n  hello: 2.0-1\n',
  )
  await createKeyring(context().home.keys, { now: new Date('2026-11-20T00:00:00Z') })
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

it.skipIf(missing.length > 0)(`source packages go into the repository of their format${reason}`, async () => {
  const files = [await dsc(), await sourceRpm()]
  const added = await add(context(), ADD, ...files)
  const base = join(context().home.site, 'repo')
  expect(show(added)).toBe(
    `added  hello 1.0 source\nadded  hello 1.0-1 src\npublished  ${base}/deb\npublished  ${base}/rpm\n`,
  )
  // What updateinfo cannot say of any package is said to who publishes; where there is no updateinfo, nothing.
  expect(warnings).toEqual(['advisories/ACME-1.yaml: your own repository lists no package of hello 2.0-1 or later'])
  expect(readFileSync(join(base, 'deb/dists/stable/Release'), 'utf8')).toContain('main/source/Sources.gz')
  expect(readFileSync(join(base, 'rpm/repodata/repomd.xml'), 'utf8')).toContain('-updateinfo.xml.gz')
  expect(await add(context(), ADD, ...files)).toMatchObject({ packages: [{ added: false }, { added: false }] })
  expect(await publish(context(), FLAGS)).toMatchObject({ changed: false, packages: 1 })
  expect(await withdraw(context(), FLAGS, 'hello=1.0')).toEqual({
    withdrawn: [{ name: 'hello', version: '1.0', architecture: 'source' }],
  })
})
