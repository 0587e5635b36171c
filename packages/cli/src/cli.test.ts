import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { painter, silent } from '@holotype/base'
import { initDistribution } from '@holotype/distribution'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { createContext } from './context.ts'
import { ensureOperatorToken, forgetServerAddress, homeAt, readServerAddress, rememberServerAddress } from './home.ts'
import rootPackage from '../../../package.json' with { type: 'json' }
import { VERSION } from './version.ts'
import { printable } from './view/printable.ts'
import { count, relativeTime } from './view/words.ts'

let scratch = ''
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'holotype-context-')))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function contextIn(
  workingDirectory: string,
  flags: { directory?: string; home?: string; server?: string } = {},
  environment = {},
) {
  return createContext({
    config: readConfig(environment),
    flags: { json: false, quiet: true, ...flags },
    progress: silent,
    signal: new AbortController().signal,
    workingDirectory,
  })
}

describe('the context', () => {
  test('finds the nearest distribution upwards, and opens it once', async () => {
    const root = join(scratch, 'acme')
    initDistribution(root, 'acme')
    const below = join(root, 'images/files')
    mkdirSync(below, { recursive: true })
    const context = contextIn(below)
    expect(context.directory).toBe('../..')
    expect(context.home.directory).toBe(join(root, '.holotype'))
  })

  test('flags win over the environment', () => {
    const context = contextIn(scratch, { home: 'mine' }, { HOLOTYPE_HOME: '/other', HOLOTYPE_DIRECTORY: '/somewhere' })
    expect(context.home.directory).toBe(join(scratch, 'mine'))
    expect(context.directory).toBe('/somewhere')
    expect(contextIn(scratch, {}, { HOLOTYPE_HOME: '/other' }).home.directory).toBe('/other')
    expect(contextIn(scratch, {}, { HOLOTYPE_ACTOR: 'ada' }).actor).toBe('ada')
  })

  test('asks the server that serves the state directory, unless told otherwise', async () => {
    const home = join(scratch, 'served')
    rememberServerAddress(homeAt(home), 'http://127.0.0.1:4711')
    expect((await contextIn(scratch, { home }).api()).address).toBe('http://127.0.0.1:4711')
    expect((await contextIn(scratch, { home, server: 'http://[::1]:1/' }).api()).address).toBe('http://[::1]:1')
    forgetServerAddress(homeAt(home))
    expect(readServerAddress(homeAt(home))).toBeUndefined()
    expect((await contextIn(scratch, { home }).api()).address).toBe('http://127.0.0.1:8440')
  })
})

describe('the operator token', () => {
  test('is made once, long, and for its owner alone', () => {
    const home = homeAt(join(scratch, 'fresh'))
    const token = ensureOperatorToken(home)
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(ensureOperatorToken(home)).toBe(token)
    expect(statSync(home.operatorToken).mode & 0o777).toBe(0o600)
  })

  test('is not taken from a file that others may read', () => {
    const home = homeAt(join(scratch, 'exposed'))
    mkdirSync(home.directory)
    writeFileSync(home.operatorToken, 'x', { mode: 0o640 })
    expect(() => ensureOperatorToken(home)).toThrow(expect.objectContaining({ code: 'TOKEN_EXPOSED' }))
  })
})

describe('words', () => {
  const now = new Date('2026-01-02T00:00:00Z')
  test.each([
    ['2026-01-02T00:00:05Z', 'just now'],
    ['2026-01-01T23:59:15Z', '45 s ago'],
    ['2026-01-01T23:00:01Z', '59 m ago'],
    ['2026-01-01T00:00:01Z', '23 h ago'],
    ['2025-12-01T00:00:00Z', '32 d ago'],
    ['2026-01-02T01:30:00Z', 'in 1 h'],
    [null, 'never'],
    ['nonsense', 'nonsense'],
  ])('%s is %s', (iso, words) => expect(relativeTime(iso, now)).toBe(words))

  test('counts', () => {
    expect([count(0, 'node'), count(1, 'node'), count(2, 'node')]).toEqual(['no nodes', '1 node', '2 nodes'])
  })
})

test('printable lets our own styles through, and those only where colours are on', () => {
  const { red } = painter(true)
  expect(printable(`${red('a')}\n\tb`, true)).toBe(`${red('a')}\n\tb`)
  expect(printable('a\u001b[2Jb\u001b]0;x\u0007\u009b1m', true)).toBe('a\ufffd[2Jb\ufffd]0;x\ufffd\ufffd1m')
  expect(printable(red('a'), false)).toBe('\ufffda\ufffd')
})

test('the version is that of the house', () => expect(VERSION).toBe(rootPackage.version))
