import { spawnSync } from 'node:child_process'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { haveTools, skipReason } from '../testing/tools.ts'
import { parseIndex } from './packages-index.ts'
import { versionArbitrary } from './testing.ts'
import { compareVersions, parseVersion } from './version.ts'

const OPERATOR = { '-1': 'lt', '0': 'eq', '1': 'gt' } as const

/** Lines `a lt b` of which dpkg's own comparison in C denies some are named: one process for each. */
const ASK_DPKG = 'while (<STDIN>) { chomp; print "$_\n" if system("dpkg", "--compare-versions", split / /) != 0 }'
/** The same of the comparison that dpkg-dev's programs share, all in one process. */
const ASK_LIBRARY = `
use Dpkg::Version;
my %order = (lt => -1, eq => 0, gt => 1);
while (<STDIN>) { chomp; my ($a, $op, $b) = split / /; print "$_\n" if version_compare($a, $b) != $order{$op} }
`
const haveLibrary = spawnSync('perl', ['-MDpkg::Version', '-e', '1']).status === 0

test.skipIf(!haveTools('dpkg', 'perl') || !haveLibrary)(
  `four thousand pairs have dpkg's order${skipReason('dpkg', 'perl')}${haveLibrary ? '' : ' (skipped: no Dpkg::Version)'}`,
  async () => {
    const version = versionArbitrary(fc)
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 4000, seed: 20240229 })
    // Pairs that differ in writing alone are too rare to be met by chance.
    const same = pairs.slice(0, 50).map(([a]) => [a, a.includes('-') ? a.replace('-', '-0') : `${a}-0`] as const)
    const questions = [...same, ...pairs].map(([a, b]) => `${a} ${OPERATOR[compareVersions(a, b)]} ${b}`)
    const denied = async (script: string, lines: readonly string[]) =>
      (await run(['perl', '-e', script], { input: `${lines.join('\n')}\n1 gt 2\n` })).stdout.toString()
    expect(await denied(ASK_LIBRARY, questions)).toBe('1 gt 2\n')
    expect(await denied(ASK_DPKG, questions.slice(0, 250))).toBe('1 gt 2\n')
    // The sample is worth its time only if it holds every order.
    for (const operator of Object.values(OPERATOR))
      expect(questions.slice(0, 250).filter((line) => line.includes(` ${operator} `)).length).toBeGreaterThan(10)
  },
)

test('an epoch that dpkg refuses is no version of a package', () => {
  const stanza = (version: string) => Buffer.from(`Package: a\nVersion: ${version}\nArchitecture: all\n`)
  expect(parseIndex(stanza('2147483647:1'))).toHaveLength(1)
  for (const version of ['2147483648:1', '99999999999999999999:1'])
    expect(() => parseIndex(stanza(version))).toThrow(`a: "${version}" is no version`)
})

test('the parts of a version', () => {
  expect(parseVersion('1:2.3-4-5')).toEqual({ epoch: 1, upstream: '2.3-4', revision: '5' })
  expect(parseVersion('2:3')).toEqual({ epoch: 2, upstream: '3', revision: '' })
  expect(parseVersion('a:3')).toEqual({ epoch: 0, upstream: 'a:3', revision: '' })
})

test('leading zeros, a missing revision and a zero epoch make no difference', () => {
  expect(compareVersions('1.02', '1.2')).toBe(0)
  expect(compareVersions('0:1', '1-0')).toBe(0)
  expect(compareVersions('1', '1-')).toBe(0)
})
