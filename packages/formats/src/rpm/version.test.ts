import { writeFileSync } from 'node:fs'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { partArbitrary, versionArbitrary } from './testing.ts'
import { compareParts, compareVersions, overlaps, parseVersion, satisfies } from './version.ts'

/** Lua inside rpm: reads pairs, prints the order of each. */
function orderScript(path: string, order: string): string {
  return `%{lua: for line in io.lines("${path}") do local a, b = line:match("^(%S+) (%S+)$"); ${order} end}`
}

test.skipIf(!haveTools('rpm'))(`six thousand pairs of parts have rpm.vercmp's order${skipReason('rpm')}`, async () => {
  using directory = scratch()
  const part = partArbitrary(fc)
  const drawn = fc.sample(fc.tuple(part, part), { numRuns: 6000, seed: 4 })
  const pairs = [...drawn, ...drawn.slice(0, 300).map(([a]) => [a, a.replace('.', '_.')] as const)]
  writeFileSync(directory.at('pairs'), pairs.map(([a, b]) => `${a} ${b}\n`).join(''))
  const script = orderScript(directory.at('pairs'), 'print(rpm.vercmp(a, b), string.char(10))')
  const { stdout } = await run(['rpm', '--eval', script], { maxOutputBytes: 1e6 })
  const theirs = stdout.toString().trim().split('\n').map(Number)
  expect(theirs).toEqual(pairs.map(([a, b]) => compareParts(a, b)))
  for (const order of [-1, 0, 1]) expect(theirs.filter((each) => each === order).length).toBeGreaterThan(100)
})

const SENSES = ['<', '<=', '=', '>=', '>'] as const
const FLAGS = { '<': 2, '<=': 10, '=': 8, '>=': 12, '>': 4 } as const

/** python3 with rpm's library: what dependencies rpm itself finds to overlap. */
const OVERLAP_SCRIPT = `
import ctypes, sys
rpm = ctypes.CDLL('librpm.so.9')
rpm.rpmdsSingle.restype = ctypes.c_void_p
rpm.rpmdsSingle.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint]
rpm.rpmdsCompare.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
for line in sys.stdin:
    a, f, b, g = line.split()
    one = rpm.rpmdsSingle(1047, b'x', a.encode(), int(f))
    two = rpm.rpmdsSingle(1049, b'x', b.encode(), int(g))
    print(rpm.rpmdsCompare(one, two))
`
const haveLibrary =
  haveTools('python3') &&
  (await run(['python3', '-c', 'import ctypes; ctypes.CDLL("librpm.so.9")'], { okCodes: [0, 1] })).code === 0

test.skipIf(!haveLibrary)(
  `six thousand pairs of ranges overlap where rpm says so${haveLibrary ? '' : ' (skipped: no python3 or librpm.so.9)'}`,
  async () => {
    const version = fc.oneof(versionArbitrary(fc), partArbitrary(fc))
    const sense = fc.constantFrom(...SENSES)
    const other = fc
      .tuple(version, version, fc.nat(2))
      .map(([a, b, how]) => [a, how === 0 ? b : how === 1 ? a : a.replace(/-.*/, '')] as const)
    const questions = fc.sample(fc.tuple(other, sense, sense), { numRuns: 6000, seed: 11 })
    const input = questions.map(([[a, b], f, g]) => `${a} ${FLAGS[f]} ${b} ${FLAGS[g]}\n`).join('')
    const { stdout } = await run(['python3', '-c', OVERLAP_SCRIPT], { input, maxOutputBytes: 1e6 })
    const theirs = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line === '1')
    const ours = questions.map(([[a, b], f, g]) =>
      overlaps({ name: 'x', operator: f, version: a }, { name: 'x', operator: g, version: b }),
    )
    expect(ours).toEqual(theirs)
    expect(theirs.filter(Boolean).length).toBeGreaterThan(1000)
    expect(theirs.filter((each) => !each).length).toBeGreaterThan(1000)
    for (const [[a, b], , g] of questions)
      expect(satisfies(a, g, b)).toBe(
        overlaps({ name: 'x', operator: '=', version: a }, { name: 'x', operator: g, version: b }),
      )
  },
)

const ORDER_SCRIPT = `
import ctypes, sys
rpm = ctypes.CDLL('librpmio.so.9')
rpm.rpmverParse.restype = ctypes.c_void_p
rpm.rpmverParse.argtypes = [ctypes.c_char_p]
rpm.rpmverCmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
for line in sys.stdin:
    a, b = line.split()
    print(rpm.rpmverCmp(rpm.rpmverParse(a.encode()), rpm.rpmverParse(b.encode())))
`

test.skipIf(!haveLibrary)(
  `six thousand pairs of EVRs have rpm's order${haveLibrary ? '' : ' (skipped: no python3 or librpm.so.9)'}`,
  async () => {
    const version = fc.oneof({ weight: 3, arbitrary: versionArbitrary(fc) }, partArbitrary(fc))
    const near = fc
      .tuple(version, version)
      .map(([a, b]) => [a, a.replace(/-.*/, '') + b.replace(/^[^-]*/, '')] as const)
    const pairs = fc.sample(fc.oneof(near, fc.tuple(version, version)), { numRuns: 6000, seed: 7 })
    const input = pairs.map(([a, b]) => `${a} ${b}\n`).join('')
    const { stdout } = await run(['python3', '-c', ORDER_SCRIPT], { input, maxOutputBytes: 1e6 })
    const theirs = stdout.toString().trim().split('\n').map(Number)
    expect(pairs.map(([a, b]) => compareVersions(a, b))).toEqual(theirs)
    for (const order of [-1, 0, 1]) expect(theirs.filter((each) => each === order).length).toBeGreaterThan(100)
  },
)

test('the parts of an EVR', () => {
  expect(parseVersion('1:2.3-4')).toEqual({ epoch: 1, upstream: '2.3', revision: '4' })
  expect(parseVersion('2.3')).toEqual({ epoch: 0, upstream: '2.3', revision: '' })
  expect(parseVersion(':2')).toEqual({ epoch: 0, upstream: '2', revision: '' })
  expect(parseVersion('a:2-1')).toEqual({ epoch: 0, upstream: 'a:2', revision: '1' })
})

test('a missing release matches any release in a dependency, and comes first in the order', () => {
  expect(satisfies('1.0-3', '=', '1.0')).toBe(true)
  expect(satisfies('1.0', '=', '0:1.0-3')).toBe(true)
  expect(satisfies('1.0', '>', '1.0-3')).toBe(true)
  expect(satisfies('1:1.0-3', '=', '1.0')).toBe(false)
  expect(compareVersions('1.0', '1.0-1')).toBe(-1)
})

test('an epoch has as many digits as it likes, and keeps them', () => {
  const long = '90071992547409930'
  expect(parseVersion(`${long}:1-1`).epoch).toBe(90_071_992_547_409_930n)
  expect(compareVersions(`${long}1:1-1`, `${long}2:1-1`)).toBe(-1)
  expect(compareVersions(`0${long}:1-1`, `${long}:1-1`)).toBe(0)
  expect(compareVersions(`${long}:1-1`, '7:1-1')).toBe(1)
  expect(compareVersions('7:1-1', `${long}:1-1`)).toBe(-1)
})
