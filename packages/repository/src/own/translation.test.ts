import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { formats } from '@holotype/formats'
import { createKeyring } from '@holotype/trust'
import { expect, it } from 'vitest'
import { aptWith } from '../testing/apt.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { THEN, writeDeb } from '../testing/upstream.ts'
import { ingest } from './ingest.ts'
import { publish } from './publish.ts'
import { withdraw } from './withdraw.ts'

const hasApt = spawnSync('apt-get', ['--version']).status === 0
const reason = hasApt ? '' : ' (skipped, because there is no apt-get)'
const folder = testFolder()

async function described(name: string, description: string): Promise<string> {
  const path = join(folder, `${name}.deb`)
  await formats.deb.writePackage(path, {
    fields: [
      ['Package', name],
      ['Version', '1.0'],
      ['Architecture', 'amd64'],
      ['Maintainer', 'Test <test@example.org>'],
      ['Description', description],
    ],
    control: new Map(),
    payload: [],
    epoch: THEN,
  })
  return path
}

it.skipIf(!hasApt)(`apt finds long descriptions in Translation-en, and does without them${reason}`, async () => {
  const keys = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
  const keyring = join(folder, 'keyring.gpg')
  writeFileSync(keyring, (await keys.openPgpPublicKey()).binary)
  const whole = await ownRepository(folder)
  const base = join(folder, 'base')
  const top = () => readFileSync(join(base, 'dists/stable/Release'), 'utf8')
  await ingest(whole, await described('before', 'taken in before\n It stands whole in Packages.'))
  await publish(whole, base, OWN_SETTINGS)
  expect(top()).not.toContain('Translation')
  const repository = { ...whole, translation: true }
  await ingest(repository, await described('hello', 'a greeting\n It says hello,\n .\n and nothing else: é.'))
  await ingest(repository, await writeDeb(folder, { name: 'short' }))
  await publish(repository, base, OWN_SETTINGS)
  expect(top()).toContain('main/i18n/Translation-en.gz')
  const packages = (await run(['zcat', join(base, 'dists/stable/main/binary-amd64/Packages.gz')])).stdout.toString()
  expect(packages).not.toContain('and nothing else')
  const show = async (root: string, language: string) => {
    const apt = aptWith(join(folder, root), base, keyring)
    const config = join(folder, root, 'apt.conf')
    const text = readFileSync(config, 'utf8').replace('"none"', `"${language}"`)
    writeFileSync(config, text)
    expect(await apt('update')).toMatchObject({ code: 0, stderr: '' })
    const env = { PATH: SYSTEM_PATH, APT_CONFIG: config, LC_ALL: 'C.UTF-8' }
    return (await run(['apt-cache', 'show', 'before', 'hello', 'short'], { env })).stdout.toString()
  }
  const long = await show('long', 'en')
  expect(long).toContain(': a greeting\n It says hello,\n .\n and nothing else: é.\n')
  expect(long).toContain(': taken in before\n It stands whole in Packages.\n')
  expect(long).toContain(': the package short\n')
  const brief = await show('brief', 'none')
  expect(brief).toContain(': a greeting\n')
  expect(brief).not.toContain('nothing else')
  expect(brief).toContain(': taken in before\n It stands whole in Packages.\n')
  // When the last is gone that has something in it, so is the index.
  await withdraw(repository, { name: 'hello', version: '1.0', now: THEN })
  await publish(repository, base, { ...OWN_SETTINGS, date: THEN + 1 })
  expect(top()).not.toContain('Translation')
})
