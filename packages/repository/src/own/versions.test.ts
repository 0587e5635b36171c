import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '@holotype/base'
import { createKeyring } from '@holotype/trust'
import { describe, expect, it } from 'vitest'
import { aptWith } from '../testing/apt.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { pacmanWith } from '../testing/pacman.ts'
import { THEN } from '../testing/upstream.ts'
import { ingest, ingestMany } from './ingest.ts'
import { publish } from './publish.ts'
import { withdraw } from './withdraw.ts'

/* What clients see of several versions, of an epoch, of what was withdrawn. dnf's part is in dnf.test.ts. */

const folder = testFolder()

function reasonNot(tool: string): string {
  if (spawnSync(tool, ['--version']).status !== 0) return ` (skipped, because there is no ${tool})`
  return process.getuid?.() === 0 ? '' : ` (skipped, because ${tool} wants root)`
}

async function publishedVersions(format: 'deb' | 'alpm', architecture: string) {
  const place = join(folder, format)
  const keys = await createKeyring(join(place, 'keys'), { now: new Date((THEN - 60) * 1000) })
  const repository = await ownRepository(place, 'acme', format)
  const write = (version: string, epoch?: number) =>
    writeSmall(join(place, 'built'), format, { name: 'hello', version, ...(epoch === undefined ? {} : { epoch }) })
  const files = [await write('2.0'), await write('1.0', 1), await write('1.0'), await write('2.1')] as const
  const base = join(place, 'base')
  const again = () => publish(repository, base, { ...OWN_SETTINGS, architectures: [architecture] })
  await ingestMany(repository, files)
  await again()
  return { repository, base, files, again, machine: join(place, 'machine'), key: await keys.openPgpPublicKey() }
}

function good({ code, stdout, stderr }: RunResult): string {
  expect(`${code} ${stderr}`, stdout.toString()).toBe('0 ')
  return stdout.toString()
}

describe('several versions, one with an epoch, one withdrawn', () => {
  const noApt = reasonNot('apt-get')
  it.skipIf(noApt !== '')(`all are there for apt, but for the one that was withdrawn${noApt}`, async () => {
    const { repository, base, again, machine, key } = await publishedVersions('deb', 'amd64')
    const keyring = join(folder, 'key.gpg')
    writeFileSync(keyring, key.binary)
    const apt = aptWith(machine, base, keyring)
    const chosen = async (wanted = 'hello') =>
      /^Inst hello \((\S+)/m.exec(good(await apt('--simulate', 'install', wanted)))?.[1]
    good(await apt('update'))
    expect(await chosen()).toBe('1:1.0-1')
    for (const version of ['1.0-1', '2.0-1', '2.1-1']) expect(await chosen(`hello=${version}`)).toBe(version)
    // Two files that a pool would name alike: each is the one that its entry says.
    for (const version of ['1.0-1', '1:1.0-1']) good(await apt('--download-only', 'install', `hello=${version}`))
    await withdraw(repository, { name: 'hello', version: '1:1.0-1', now: THEN })
    await again()
    // A machine with the older index still gets what that names.
    good(await apt('--download-only', 'install', 'hello=1:1.0-1'))
    good(await apt('update'))
    expect(await chosen()).toBe('2.1-1')
    expect((await apt('--simulate', 'install', 'hello=1:1.0-1')).code).toBe(100)
  })
  const noPacman = reasonNot('pacman')
  it.skipIf(noPacman !== '')(`the newest alone is there for pacman, until it is withdrawn${noPacman}`, async () => {
    const { repository, base, files, again, machine, key } = await publishedVersions('alpm', 'x86_64')
    const pacman = await pacmanWith(machine, base, key)
    good(await pacman('-Sy'))
    expect(good(await pacman('-Sl'))).toBe('stable hello 1:1.0-1\n')
    await withdraw(repository, { name: 'hello', version: '1:1.0-1', now: THEN })
    await again()
    good(await pacman('-Sw', 'hello'))
    good(await pacman('-Sy'))
    expect(good(await pacman('-Sl'))).toBe('')
    // What took the place of an older version does not bring it back: one takes it in again.
    await ingest(repository, files[0])
    await again()
    good(await pacman('-Sy'))
    expect(good(await pacman('-Sl'))).toBe('stable hello 2.0-1\n')
    good(await pacman('-Sw', 'hello'))
  })
})
