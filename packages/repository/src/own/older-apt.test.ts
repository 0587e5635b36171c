import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyring } from '@holotype/trust'
import { expect, it } from 'vitest'
import { aptWith } from '../testing/apt.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { THEN, writeDeb } from '../testing/upstream.ts'
import { ingest } from './ingest.ts'
import { publish } from './publish.ts'

const hasApt = spawnSync('apt-get', ['--version']).status === 0
const reason = hasApt ? '' : ' (skipped, because there is no apt-get)'
const folder = testFolder()

it.skipIf(!hasApt)(`apt takes Release with Release.gpg, and refuses them when they do not fit${reason}`, async () => {
  const keys = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
  const keyring = join(folder, 'keyring.gpg')
  writeFileSync(keyring, (await keys.openPgpPublicKey()).binary)
  const repository = await ownRepository(folder)
  const base = join(folder, 'base')
  await ingest(repository, await writeDeb(join(folder, 'built'), { name: 'hello' }))
  await publish(repository, base, OWN_SETTINGS)
  rmSync(join(base, 'dists/stable/InRelease'))
  const apt = aptWith(join(folder, 'machine'), base, keyring)
  expect(await apt('update')).toMatchObject({ code: 0, stderr: '' })
  expect(await apt('install', '--download-only', 'hello')).toMatchObject({ code: 0 })
  const release = join(base, 'dists/stable/Release')
  const text = readFileSync(release, 'utf8')
  rmSync(release)
  writeFileSync(release, text.replace('Suite: stable', 'Suite: stables'))
  apt.forget()
  const refused = await apt('update')
  expect(refused.code).toBe(100)
  expect(refused.stderr).toMatch(/BADSIG/)
})
