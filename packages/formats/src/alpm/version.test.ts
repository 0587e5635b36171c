import { spawnSync } from 'node:child_process'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { haveTools, skipReason } from '../testing/tools.ts'
import { versionArbitrary } from './testing.ts'
import { compareVersions, parseVersion, satisfies } from './version.ts'

/** libalpm's own comparison, which vercmp(8) prints, for many pairs in one process. */
const LIBRARY_SCRIPT = `
import ctypes, sys
alpm = ctypes.CDLL('libalpm.so.13')
for line in sys.stdin:
    a, b = line.split()
    print(alpm.alpm_pkg_vercmp(a.encode(), b.encode()))
`
const haveLibrary = haveTools('python3') && spawnSync('python3', ['-c', LIBRARY_SCRIPT], { input: '' }).status === 0

async function libalpm(pairs: readonly (readonly [string, string])[]): Promise<number[]> {
  const input = pairs.map(([a, b]) => `${a} ${b}\n`).join('')
  const { stdout } = await run(['python3', '-c', LIBRARY_SCRIPT], { input })
  return stdout.toString().trim().split('\n').map(Number)
}

/** Anything that vercmp could be asked: separators doubled, leading and trailing among them. */
const wild = fc
  .array(fc.constantFrom('0', '1', '01', '20', 'a', 'b', 'rc', '.', '..', '_', '+', '~', '-1', ':'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(''))
  // An empty pkgrel is told from none by vercmp alone: no package has it.
  .filter((text) => !text.endsWith('-') && !text.startsWith('-'))

test.skipIf(!haveLibrary)(
  `five thousand pairs have libalpm's order${haveLibrary ? '' : ' (skipped: no python3 with libalpm.so.13)'}`,
  async () => {
    const version = versionArbitrary(fc, 'sometimes')
    const [one, two] = [fc.sample(fc.tuple(version, version), 3000), fc.sample(fc.tuple(wild, wild), 2200)]
    const pairs = [...one, ...two]
    const answers = await libalpm(pairs)
    expect(answers).toHaveLength(pairs.length)
    for (const [index, [a, b]] of pairs.entries())
      expect(compareVersions(a, b), `${a} against ${b}`).toBe(Math.sign(answers[index] ?? Number.NaN))
    // The sample is worth its time only if it holds every order.
    for (const order of [-1, 0, 1]) expect(answers.filter((answer) => answer === order).length).toBeGreaterThan(50)
  },
  60_000,
)

test.skipIf(!haveTools('vercmp'))(`vercmp agrees on epochs that no number holds${skipReason('vercmp')}`, async () => {
  const ascending = [
    '9:9-1',
    '9007199254740992:1-1',
    '9007199254740993:1-1',
    '99999999999999999999:1',
    '099999999999999999999:2',
  ]
  for (const [index, a] of ascending.entries())
    for (const b of ascending.slice(index)) {
      const { stdout } = await run(['vercmp', a, b])
      expect(compareVersions(a, b), `${a} against ${b}`).toBe(Number(stdout))
    }
})

test('the order that vercmp(8) documents', () => {
  const ascending = ['1.0a', '1.0b', '1.0beta', '1.0p', '1.0pre', '1.0rc', '1.0', '1.0.a', '1.0.1']
  for (const [index, version] of ascending.entries())
    for (const [other, later] of ascending.entries())
      expect(compareVersions(version, later), `${version} ${later}`).toBe(Math.sign(index - other) + 0)
})

test('the parts of a version', () => {
  expect(parseVersion('1:2.3-4')).toEqual({ epoch: 1, upstream: '2.3', revision: '4' })
  expect(parseVersion('2.3')).toEqual({ epoch: 0, upstream: '2.3', revision: '' })
  expect(parseVersion('2.3-4-5')).toEqual({ epoch: 0, upstream: '2.3-4', revision: '5' })
  expect(parseVersion('a:3')).toEqual({ epoch: 0, upstream: 'a:3', revision: '' })
})

test('a missing pkgrel equals every pkgrel, so that a relation without one means each build', () => {
  expect([compareVersions('1.0', '1.0-1'), compareVersions('1.0-2', '1.0'), compareVersions('1.0-1', '1.0-2')]).toEqual(
    [0, 0, -1],
  )
  expect(satisfies('1.0-7', '=', '1.0')).toBe(true)
  expect(satisfies('1.0-7', '>', '1.0')).toBe(false)
  expect(satisfies('1:1.0-7', '>=', '2.0')).toBe(true)
})
