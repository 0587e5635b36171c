import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { entryFor, missingEntries } from './complete-lock.ts'
import { FILE_LINES, tooLong } from './file-sizes.ts'
import { cliReference } from './reference/cli.ts'
import { distributionReference } from './reference/distribution.ts'
import { declaredErrors, duplicateCodes, errorsReference, exitCodesReference } from './reference/errors.ts'
import { summaryOf } from './summary-reporter.ts'

let scratch = ''
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'holotype-tools-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('a file that is too long is seen, a table of data is not', () => {
  writeFileSync(join(scratch, 'a.ts'), 'x\n'.repeat(FILE_LINES + 1))
  writeFileSync(join(scratch, 'b.ts'), 'x\n'.repeat(FILE_LINES))
  writeFileSync(join(scratch, 'c.json'), 'x\n'.repeat(FILE_LINES * 2))
  expect(tooLong(scratch, ['a.ts', 'b.ts', 'c.json'])).toEqual([`a.ts: ${FILE_LINES + 1} lines`])
})

describe('the reference', () => {
  test('has every kind of failure, with its exit code', () => {
    expect(exitCodesReference()).toContain('| 5 | trust |')
  })

  test('has the codes of the packages', async () => {
    const text = errorsReference(await declaredErrors(join(import.meta.dirname, '..')))
    expect(text).toContain('| `YAML_SCHEMA` | input, 3 |')
    expect(text).toContain('## distribution')
  })

  test('refuses a code that two packages declare', async () => {
    const table = `{ table: Object.fromEntries(Array.from({ length: 30 }, (_, i) => ['X_' + i, { kind: 'input', when: 'a', hint: 'b' }])) }`
    for (const name of ['one', 'two']) {
      mkdirSync(join(scratch, `packages/${name}/src`), { recursive: true })
      writeFileSync(join(scratch, `packages/${name}/src/errors.ts`), `export const fail = ${table}\n`)
    }
    expect(duplicateCodes(await declaredErrors(scratch))).toContain('X_0 is declared by one and two')
  })

  test('no two packages declare the same code', async () => {
    expect(duplicateCodes(await declaredErrors(join(import.meta.dirname, '..')))).toEqual([])
  })

  test('has every verb and its flags', async () => {
    const text = await cliReference()
    for (const verb of [
      'init',
      'status',
      'plan',
      'apply',
      'build',
      'repo list',
      'image lock',
      'rollout start',
      'node token',
      'audit log',
      'search',
      'admin keys list',
      'serve',
    ])
      expect(text).toContain(`## holotype ${verb}\n`)
  })

  test('has every key of a distribution, with its meaning', () => {
    const text = distributionReference()
    expect(text).toContain('| `waves[].gate.soak` | text | `"0s"` |')
    expect(text).toContain('| `files.*.mode` |')
    expect(text).toContain('| `packages` | list: text | required |')
    const rows = text.split('\n').filter((line) => line.startsWith('| `'))
    expect(rows.length).toBeGreaterThan(40)
    for (const row of rows) expect(row, 'a key without its meaning').not.toMatch(/\|\s*\|$/)
  })
})

test('the summary is one line', () => {
  expect(summaryOf({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(summaryOf({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
})

test('every Debian package that set-up installs has its reason', () => {
  const lines = readFileSync(join(import.meta.dirname, 'debian-packages.txt'), 'utf8').split('\n')
  const packages = lines.filter((line) => line !== '' && !line.startsWith('#'))
  expect(packages.length).toBeGreaterThan(5)
  for (const line of packages) expect(line).toMatch(/^[a-z0-9][a-z0-9+.-]+\s{1,}\S.{15,}$/)
})

describe('the lock file', () => {
  test('has an entry for every optional package, also for other systems: npm ci asks for that', () => {
    const text = readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')
    expect(missingEntries(text)).toEqual({})
  })

  test('an entry that is missing is made from what its parent pins', () => {
    const lock = {
      packages: {
        'node_modules/a': {
          dev: true,
          optionalDependencies: { '@a/binding-linux-arm64-musl': '1.2.3', fsevents: '^2.0.0' },
        },
      },
    }
    expect(missingEntries(JSON.stringify(lock))).toEqual({
      'node_modules/@a/binding-linux-arm64-musl': {
        version: '1.2.3',
        cpu: ['arm64'],
        dev: true,
        optional: true,
        os: ['linux'],
      },
    })
    expect(entryFor('anything', '1.0.0', false)).toBeUndefined()
  })

  test('names no registry', () => {
    const text = readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')
    expect(text).not.toMatch(/"resolved": "https?:/)
  })
})
