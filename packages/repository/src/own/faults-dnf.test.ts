import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DeclaredAdvisory } from '@holotype/formats'
import { createKeyring } from '@holotype/trust'
import { expect, it } from 'vitest'
import { type Dnf, dnfWith } from '../testing/dnf.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { THEN } from '../testing/upstream.ts'
import { ingest, ingestMany } from './ingest.ts'
import { publish } from './publish.ts'

const hasDnf = spawnSync('dnf', ['--version']).status === 0
const isRoot = process.getuid?.() === 0
const reason = hasDnf ? (isRoot ? '' : ' (skipped, because dnf wants root)') : ' (skipped, because there is no dnf)'

const folder = testFolder()

it.skipIf(reason !== '')(
  `a publisher that is stopped after any of its steps never shows dnf an error${reason}`,
  { timeout: 90_000 },
  async () => {
    const keys = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 60) * 1000) })
    const key = join(folder, 'key.asc')
    writeFileSync(key, (await keys.openPgpPublicKey()).armored)
    const repository = await ownRepository(folder, 'acme', 'rpm')
    const base = join(folder, 'base')
    const settings = { ...OWN_SETTINGS, architectures: ['x86_64'], url: `file://${base}` }
    const write = (name: string, version: string, depends: readonly string[] = []) =>
      writeSmall(join(folder, 'built'), 'rpm', { name, version, depends })
    await ingestMany(repository, [await write('hello', '1', ['data']), await write('data', '1')])
    await publish(repository, base, settings)
    await ingest(repository, await write('hello', '2', ['data', 'extra']))
    await ingest(repository, await write('extra', '1'))
    const good = async (client: Dnf, task: string, ...argv: readonly string[]) => {
      const { code, stdout, stderr } = await client(...argv)
      expect(code, `${task}: dnf ${argv.join(' ')}\n${stdout.toString()}\n${stderr}`).toBe(0)
      return stdout.toString()
    }
    const machine = dnfWith(join(folder, 'machine'), `${settings.url}/mirrorlist`, key)
    const old = dnfWith(join(folder, 'old'), `${settings.url}/mirrorlist`, key)
    await good(old, 'before', 'makecache')
    const seen: string[] = []
    const advisory: DeclaredAdvisory = {
      id: 'ACME-1',
      type: 'security',
      severity: 'low',
      title: 'hello',
      description: 'hello',
      issued: '2026-11-20T00:00:00.000Z',
      cves: [],
      references: [],
      fixed: { hello: '2-1' },
    }
    await publish(repository, base, {
      ...settings,
      // An index that the state before did not have; dnf fetches it with the others.
      advisories: [advisory],
      afterStep: async (step) => {
        const task = `after ${JSON.stringify(step).slice(0, 200)}`
        const words = ['--refresh', 'repoquery', '--latest-limit=1', '--qf', '%{evr}', 'hello']
        seen.push((await good(machine, task, ...words)).trim())
        // From here on what the older metadata names might be gone.
        if (step.kind === 'name') await good(old, `${task}, old metadata`, 'install', '--downloadonly', 'hello')
      },
    })
    await good(old, 'at the end, old metadata', 'install', '--downloadonly', 'hello')
    expect(old.downloaded()).toContain('hello-1-1.x86_64.rpm')
    expect(seen.at(0)).toBe('1-1')
    expect(seen.at(-1)).toBe('2-1')
    expect(seen).toEqual(seen.toSorted())
    expect(readFileSync(join(base, 'repodata/repomd.xml'), 'utf8')).toContain('-updateinfo.xml.gz')
    await good(machine, 'at the end', 'install', '--downloadonly', 'hello')
    // A top that is not the one its signature covers is seen: this test can fail.
    const directory = /^file:\/\/(.*)$/m.exec(readFileSync(join(base, 'mirrorlist'), 'utf8'))?.[1] ?? ''
    writeFileSync(join(directory, 'repodata/repomd.xml.asc'), 'no signature')
    expect((await machine('--refresh', 'makecache')).code).toBe(1)
  },
)
