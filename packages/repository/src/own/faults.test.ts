import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, run } from '@holotype/base'
import { createKeyring } from '@holotype/trust'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Apt, aptWith } from '../testing/apt.ts'
import { testFolder } from '../testing/folder.ts'
import { OWN_SETTINGS, ownRepository } from '../testing/own.ts'
import { SOURCE_TOOLS, writeSource } from '../testing/source-package.ts'
import { THEN, writeDeb } from '../testing/upstream.ts'
import { ingestMany } from './ingest.ts'
import { ingestSources } from './ingest-sources.ts'
import type { OwnRepository } from './place.ts'
import { publish } from './publish.ts'
import type { PublishStep } from './steps.ts'
import { withdraw } from './withdraw.ts'

const PROGRAM = join(import.meta.dirname, '../testing/own-process.ts')
const hasApt = spawnSync('apt-get', ['--version']).status === 0
const hasSources = SOURCE_TOOLS.every((tool) => spawnSync(tool, ['--version']).status === 0)
const reason = hasApt ? '' : ' (skipped, because there is no apt-get)'

const folder = testFolder()
/** A published state, and taken in what makes the next. */
const before = join(folder, 'before')
/** What the next looks like when nobody stops the publisher. */
let after: ReadonlyMap<string, string>
let steps: readonly PublishStep[]
let keyring: string

/** Everything below a directory: files by their digest, without signatures, which hold random salt; links by their text. */
function contentOf(directory: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const full = join(directory, path)
    const facts = lstatSync(full)
    if (facts.isSymbolicLink()) found.set(path, readlinkSync(full))
    else if (facts.isFile()) {
      const bytes = readFileSync(full)
      const signature = bytes.indexOf('-----BEGIN PGP SIGNATURE')
      found.set(path, digestOf(signature < 0 ? bytes : bytes.subarray(0, signature)))
    }
  }
  return found
}

let copies = 0
/** Another place where everything is as before the publication. */
async function copyOfBefore(): Promise<{
  readonly repository: OwnRepository
  readonly base: string
  readonly place: string
}> {
  const place = join(folder, `copy-${++copies}`)
  // With modes, links and hard links as they are.
  await run(['cp', '--archive', before, place])
  return { place, repository: await ownRepository(place), base: join(place, 'base') }
}

async function expectGood(apt: Apt, task: string, ...argv: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await apt(...argv)
  expect(`${code} ${stderr}`, `${task}: apt-get ${argv.join(' ')}\n${stdout.toString()}`).toBe('0 ')
}

const INSTALL = ['install', '--download-only', 'hello'] as const

beforeAll(async () => {
  const keys = await createKeyring(join(before, 'keys'), { now: new Date((THEN - 60) * 1000) })
  keyring = join(folder, 'keyring.gpg')
  writeFileSync(keyring, (await keys.openPgpPublicKey()).binary)
  const built = join(folder, 'built')
  const repository = await ownRepository(before)
  await ingestMany(repository, [
    await writeDeb(built, { name: 'hello', depends: 'data' }),
    await writeDeb(built, { name: 'data' }),
    await writeDeb(built, { name: 'obsolete' }),
  ])
  await publish(repository, join(before, 'base'), OWN_SETTINGS)
  await ingestMany(repository, [
    await writeDeb(built, { name: 'hello', version: '2.0', depends: 'data (>= 2), extra', content: 'the second' }),
    await writeDeb(built, { name: 'data', version: '2.0', content: 'the second data' }),
    await writeDeb(built, { name: 'extra' }),
  ])
  if (hasSources) await ingestSources(repository, [await writeSource(built, { name: 'hello', version: '2.0-1' })])
  await withdraw(repository, { name: 'obsolete', version: '1.0', now: THEN })
  const { repository: copy, base } = await copyOfBefore()
  const applied: PublishStep[] = []
  await publish(copy, base, { ...OWN_SETTINGS, afterStep: (step) => void applied.push(step) })
  steps = applied
  after = contentOf(base)
})

describe('a publisher that is stopped after any of its steps', () => {
  it.skipIf(!hasApt)(
    `never shows apt an error: a machine that is new, one that has old lists${reason}`,
    { timeout: 90_000 },
    async () => {
      const { repository, base, place } = await copyOfBefore()
      const old = join(place, 'old')
      await expectGood(aptWith(old, base, keyring), 'before', 'update')
      const fresh = aptWith(join(place, 'fresh'), base, keyring)
      let count = 0
      await publish(repository, base, {
        ...OWN_SETTINGS,
        afterStep: async (step) => {
          const task = `after step ${++count}, ${JSON.stringify(step).slice(0, 200)}`
          const known = join(place, `known-${count}`)
          await run(['cp', '--archive', old, known])
          const returning = aptWith(known, base, keyring)
          await expectGood(returning, `${task}, old lists`, ...INSTALL)
          await expectGood(returning, `${task}, lists updated`, 'update')
          if (count >= steps.length - 2) await expectGood(returning, `${task}, lists updated`, ...INSTALL)
          fresh.forget()
          await expectGood(fresh, `${task}, a new machine`, 'update')
        },
      })
      expect(count).toBe(steps.length)
    },
  )
  it('ends in the same state when it runs again', async () => {
    expect(steps.length).toBeGreaterThan(10)
    for (let last = 1; last <= steps.length; last++) {
      const { repository, base } = await copyOfBefore()
      let count = 0
      const stopped = publish(repository, base, {
        ...OWN_SETTINGS,
        afterStep: () => {
          if (++count === last) throw new Error('stopped')
        },
      })
      await expect(stopped).rejects.toThrow('stopped')
      await publish(repository, base, OWN_SETTINGS)
      const now = contentOf(base)
      // The swap was made: what is left to prune waits for the next state.
      const left = [...now.keys()].filter((path) => !after.has(path))
      expect(left.filter((path) => !path.startsWith('.tops/acme/work/'))).toEqual([])
      for (const [path, content] of after) expect(now.get(path), `${path} after a stop at step ${last}`).toBe(content)
    }
  })
  it.skipIf(!hasApt)(`may be killed at any moment: apt sees no error, the next run completes it${reason}`, async () => {
    for (const kill of [9, steps.length - 3, 'soon'] as const) {
      const { repository, base, place } = await copyOfBefore()
      const words = typeof kill === 'number' ? [String(kill)] : []
      const child = spawn(process.execPath, [PROGRAM, 'publish', place, 'acme', base, ...words], { stdio: 'ignore' })
      const timer = setTimeout(() => child.kill('SIGKILL'), kill === 'soon' ? 300 : 20_000)
      const [, signal] = await once(child, 'exit')
      clearTimeout(timer)
      if (typeof kill === 'number') expect(signal).toBe('SIGKILL')
      const apt = aptWith(join(place, 'machine'), base, keyring)
      await expectGood(apt, `killed ${kill}`, 'update')
      await expectGood(apt, `killed ${kill}`, ...INSTALL)
      await publish(repository, base, OWN_SETTINGS)
      const now = contentOf(base)
      for (const [path, content] of after) expect(now.get(path), `${path}, killed ${kill}`).toBe(content)
      rmSync(place, { recursive: true })
    }
  })
})

describe('a guard that can fail', () => {
  it.skipIf(!hasApt)(`apt does see a torn state${reason}`, async () => {
    const { base, place } = await copyOfBefore()
    // What a publisher would show that put its index in place, and then its Release.
    const top = join(base, 'dists/stable')
    const text = readFileSync(join(top, 'InRelease'), 'utf8')
    const index = /([0-9a-f]{64}) +\d+ (main\/binary-amd64\/Packages\S*)/g
    for (const [, sha256] of text.matchAll(index)) {
      const path = join(top, 'main/binary-amd64/by-hash/SHA256', sha256 ?? '')
      rmSync(path, { force: true })
    }
    for (const name of readdirSync(join(top, 'main/binary-amd64')))
      if (name.startsWith('Packages')) {
        rmSync(join(top, 'main/binary-amd64', name))
        writeFileSync(join(top, 'main/binary-amd64', name), 'of another state')
      }
    mkdirSync(join(place, 'machine'))
    const { code } = await aptWith(join(place, 'machine'), base, keyring)('update')
    expect(code).toBe(100)
  })
})
