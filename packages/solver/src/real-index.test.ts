import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { formats } from '@holotype/formats'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Candidate } from './lock.ts'
import { resolve } from './resolve.ts'
import { broken } from './testing/check.ts'
import type { Universe } from './types.ts'
import { prepareUniverse } from './universe.ts'

/** The indexes that this machine's apt has, and apt itself as the judge. */
const LISTS = '/var/lib/apt/lists'
const HELPER = '/usr/lib/apt/apt-helper'
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const indexes = existsSync(LISTS)
  ? readdirSync(LISTS).filter((file) => /_dists_\w+(-updates|-security)?_main_binary-\w+_Packages(\.\w+)?$/.test(file))
  : []
const missing = !existsSync(HELPER) ? 'this machine has no apt' : indexes.length === 0 ? 'apt has no indexes here' : ''

const WEB = ['systemd', 'openssh-server', 'nginx', 'haproxy', 'chrony', 'prometheus-node-exporter', 'postgresql-client']

/** How many packages of a result may differ from apt's: both are right where alternatives or providers are equally good. */
const ALLOWED = (total: number) => 2 + total / 100

describe.skipIf(missing !== '')(`a real index${missing === '' ? '' : ` (skipped, because ${missing})`}`, () => {
  let universe: Universe
  let candidates: readonly Candidate[]
  const common = { format: formats.deb, architecture }

  beforeAll(() => {
    candidates = indexes.flatMap((file): Candidate[] => {
      const bytes = execFileSync(HELPER, ['cat-file', `${LISTS}/${file}`], { maxBuffer: 512 * 1024 * 1024 })
      return formats.deb.parseIndex(bytes).map((record) => ({ record, from: file, priority: 500 }))
    })
    universe = prepareUniverse({ ...common, candidates })
  })

  function apt(install: readonly string[], recommends: boolean): Set<string> {
    const argv = [
      '-s',
      'install',
      '-o',
      'Dir::State::status=/dev/null',
      `--${recommends ? '' : 'no-'}install-recommends`,
    ]
    const text = execFileSync('apt-get', [...argv, ...install, ...universe.essential], { encoding: 'utf8' })
    return new Set([...text.matchAll(/^Inst (\S+) \((\S+)/gm)].map(([, name, version]) => `${name} ${version}`))
  }

  it.each([
    ['a web server', WEB, false],
    ['a web server with what is recommended', WEB, true],
    ['a mail reader and the default mail server', ['mutt', 'default-mta'], false],
    ['a build environment', ['build-essential', 'debhelper'], false],
    ['a stack with a database', ['apache2', 'postgresql', 'php', 'python3-django', 'git'], false],
  ] as const)('%s: what apt installs into an empty system', (_, install, recommends) => {
    const { packages } = resolve({ ...common, candidates: universe, install, recommends })
    const records = packages.map(({ record }) => record)
    const wanted = [...install, ...universe.essential].map((name) => [{ name }])
    expect(broken({ ...common, packages: records, wanted })).toEqual([])
    const ours = new Set(records.map(({ name, version }) => `${name} ${version}`))
    const theirs = apt(install, recommends)
    const only = [...ours.symmetricDifference(theirs)].map((item) => `${ours.has(item) ? 'ours' : 'apt'}: ${item}`)
    expect(theirs.size).toBeGreaterThan(80)
    expect(only.length, only.join(', ')).toBeLessThanOrEqual(ALLOWED(theirs.size))
  })

  it('locks a web server within a second and a half, the sort of the universe included', () => {
    const start = performance.now()
    const prepared = prepareUniverse({ ...common, candidates })
    const { packages } = resolve({ ...common, candidates: prepared, install: WEB })
    expect(performance.now() - start).toBeLessThan(1500)
    expect(packages.length).toBeGreaterThan(100)
  })

  it('explains a wish that cannot be met, and the nearest name', () => {
    const request = { ...common, candidates: universe, install: ['nginx'], subject: 'web' }
    expect(() => resolve({ ...request, exclude: ['libc6'] })).toThrow(
      /^(web|every installation) needs .* libc6 .*is excluded/,
    )
    expect(() => resolve({ ...request, install: ['ngnix'] })).toThrow('the nearest is nginx')
  })
})
