import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run, SYSTEM_PATH } from '@holotype/base'
import { openStore } from '@holotype/store'
import { verifyClearSigned, verifyDetached } from '@holotype/trust'
import { expect, it } from 'vitest'
import { openFetcher } from '../fetch/fetcher.ts'
import { testFolder } from '../testing/folder.ts'
import { writeSmall } from '../testing/packages.ts'
import { snapshotUpstream } from './upstream.ts'

const missing = spawnSync('createrepo_c', ['--version']).status !== 0
const reason = missing ? ' (skipped, because there is no createrepo_c)' : ''
const folder = testFolder()

/** Takes what `createrepo_c OPTION` made of one package. */
async function take(option: string, spoil: (base: string) => void = () => {}) {
  const base = join(folder, option)
  mkdirSync(base)
  await writeSmall(base, 'rpm', { name: 'hello', version: '1.0' })
  await run(['createrepo_c', '--quiet', '--no-database', option, base], { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' } })
  spoil(base)
  await using fetcher = openFetcher({ tries: 1, retryDelayMs: 1 })
  const urls = [pathToFileURL(base).href]
  return await snapshotUpstream({
    name: 'upstream',
    upstream: { format: 'rpm', urls, suites: [''], components: [''], keyrings: [], unsigned: true },
    architecture: 'x86_64',
    store: openStore(join(folder, `${option}-store`)),
    fetcher,
    sources: [],
    verify: verifyClearSigned,
    verifyDetached,
    now: Date.now(),
  })
}

it.skipIf(missing)(`packages that an index knows by SHA-512 alone are refused with their name${reason}`, async () => {
  await expect(take('--checksum=sha512')).rejects.toMatchObject({
    code: 'REPOSITORY_MALFORMED',
    message: expect.stringMatching(/primary\.xml.*: the index has no SHA-256 of hello 1\.0-1/),
  })
})

it.skipIf(missing)(`an index that is not what its SHA-512 says is refused${reason}`, async () => {
  const spoil = (base: string) => {
    const name = readdirSync(join(base, 'repodata')).find((path) => path.includes('primary')) ?? ''
    writeFileSync(join(base, 'repodata', name), 'other bytes')
  }
  await expect(take('--repomd-checksum=sha512', spoil)).rejects.toMatchObject({ code: 'UPSTREAM_MISMATCH' })
})
