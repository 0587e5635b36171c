import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareText, HolotypeError, isDigest } from '@holotype/base'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Lock, LockedPackage } from './lock.ts'
import { formatLock, lockPackage, parseLock, readLock, writeLock } from './lock-file.ts'
import { candidate } from './testing/packages.ts'

const folder = mkdtempSync(join(tmpdir(), 'holotype-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
const digest = hex.map((text) => `sha256:${text}`).filter(isDigest)
// Words that YAML would read as something else are what a writer gets wrong.
const word = fc.oneof(
  fc.stringMatching(/^[!-~]{1,20}$/),
  fc.constantFrom(
    'null',
    'true',
    'no',
    '1.0',
    '1e5',
    '0x10',
    '~',
    '-',
    '1:2.3-4',
    '{a}',
    '#x',
    "'",
    '"',
    '0ad',
    '<<',
    '__proto__',
  ),
)

const lockArbitrary: fc.Arbitrary<Lock> = fc
  .record({
    image: word,
    format: fc.constantFrom('deb' as const, 'rpm' as const),
    architecture: word,
    snapshots: fc.dictionary(
      word.filter((name) => name !== '__proto__'),
      digest,
      { minKeys: 1, maxKeys: 3 },
    ),
  })
  .chain((head) =>
    fc
      .array(
        fc.record({
          name: word,
          version: word,
          architecture: word,
          source: word,
          sourceVersion: word,
          size: fc.nat(),
          sha256: hex,
          from: fc.constantFrom(...Object.keys(head.snapshots)),
        }),
        { maxLength: 8 },
      )
      .map((packages) => ({ schema: 'holotype.lock/1' as const, ...head, packages: sorted(packages) })),
  )

function sorted(packages: readonly LockedPackage[]): LockedPackage[] {
  const byKey = new Map(packages.map((item) => [`${item.name} ${item.architecture}`, item]))
  return [...byKey.values()].sort((a, b) => compareText(a.name, b.name) || compareText(a.architecture, b.architecture))
}

const example: Lock = {
  schema: 'holotype.lock/1',
  image: 'web',
  format: 'deb',
  architecture: 'amd64',
  snapshots: { debian: `sha256:${'a'.repeat(64)}`, own: `sha256:${'b'.repeat(64)}` },
  packages: [lockPackage(candidate('nginx 1.22.1-9')), lockPackage(candidate('zlib1g 1:1.2'))],
}

function failure(text: string): HolotypeError {
  try {
    parseLock(text, 'images/web.lock')
  } catch (error) {
    if (error instanceof HolotypeError) return error
  }
  throw new Error('it parsed')
}

describe('lock files', () => {
  it('come back as they were written, for any lock', () => {
    fc.assert(
      fc.property(lockArbitrary, (lock) => {
        expect(parseLock(formatLock(lock), 'x.lock')).toEqual(lock)
      }),
      { numRuns: 200 },
    )
  })
  it('have one line per package', () => {
    const lines = formatLock(example).split('\n')
    expect(lines.filter((line) => line.startsWith('  - {'))).toHaveLength(2)
    expect(lines).toContain(
      `  - { name: nginx, version: "1.22.1-9", architecture: amd64, size: 1000, sha256: "${example.packages[0]?.sha256}", from: debian }`,
    )
  })
  it('are written sorted, whatever the order', () => {
    expect(formatLock({ ...example, packages: example.packages.toReversed() })).toBe(formatLock(example))
  })
  it('are read and written as files', () => {
    const path = join(folder, 'web.lock')
    writeLock(path, example)
    expect(readFileSync(path, 'utf8')).toBe(formatLock(example))
    expect(readLock(path)).toEqual(example)
    writeFileSync(path, 'image: [')
    expect(() => readLock(path, 'images/web.lock')).toThrow('images/web.lock:1:')
    expect(() => readLock(join(folder, 'absent'))).toThrow('cannot read the lock')
  })
})

describe('malformed lock files', () => {
  const text = formatLock(example)
  const cases: readonly (readonly [string, string, string])[] = [
    ['a broken syntax, as after a git merge', text.replace('packages:', '<<<<<<< HEAD\npackages:'), 'images/web.lock:'],
    ['a digest that is none', text.replace(/sha256: "[0-9a-f]{64}"/, 'sha256: "xyz"'), 'images/web.lock:10:'],
    ['an unknown key', text.replace('size: 1000', 'size: 1000, sise: 1'), 'unknown key "sise"; did you mean "size"?'],
    ['a snapshot that is not named', text.replace('from: debian', 'from: elsewhere'), 'no snapshot is named elsewhere'],
    ['a package twice', text.replace('name: zlib1g', 'name: nginx'), 'nginx is listed twice or out of order'],
    ['packages out of order', text.replace('name: zlib1g', 'name: aaa'), 'images/web.lock:11:'],
    ['a negative size', text.replace('size: 1000', 'size: -1'), 'size'],
    ['another schema', text.replace('lock/1', 'lock/9'), 'images/web.lock:2:9'],
  ]
  it.each(cases)('%s is refused at its place', (_, broken, words) => {
    const error = failure(broken)
    expect(error.code).toBe('LOCK_MALFORMED')
    expect(error.message).toContain(words)
    expect(error.message).toMatch(/^images\/web\.lock:\d+:\d+: /)
    expect(error.data).toMatchObject({ file: 'images/web.lock' })
  })
})
