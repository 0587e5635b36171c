import { run } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { haveTools, skipReason } from '../testing/tools.ts'
import { architectureMatches } from './architecture.ts'
import { parseBuildDependencies, parseDependencies, parseRelations, renderDependencies } from './relation.ts'

const malformed = expect.objectContaining({ code: 'RELATION_MALFORMED' })

test('alternatives, versions and qualifiers', () => {
  expect(parseDependencies('libc6 (>= 2.36), a|b:any (<<1:2~) ,\n python3:native ( = 3.11-1 ),')).toEqual([
    [{ name: 'libc6', operator: '>=', version: '2.36' }],
    [{ name: 'a' }, { name: 'b', architecture: 'any', operator: '<<', version: '1:2~' }],
    [{ name: 'python3', architecture: 'native', operator: '=', version: '3.11-1' }],
  ])
  expect(parseDependencies('')).toEqual([])
  expect(parseDependencies('a (< 1), b (> 1)')).toEqual([
    [{ name: 'a', operator: '<=', version: '1' }],
    [{ name: 'b', operator: '>=', version: '1' }],
  ])
})

test.each([
  'a (1)',
  'a (>= )',
  'a (== 1)',
  'a b',
  'a |',
  '| a',
  '(>= 1)',
  'a [amd64]',
  'a <!nocheck>',
  '${shlibs:Depends}',
  'a (>= 1',
])('a binary package may not depend on %j', (text) => {
  expect(() => parseDependencies(text)).toThrow(malformed)
})

test('Provides and Conflicts have no alternatives', () => {
  expect(parseRelations('a (= 1), b')).toEqual([{ name: 'a', operator: '=', version: '1' }, { name: 'b' }])
  expect(() => parseRelations('a | b')).toThrow(malformed)
})

test('build dependencies keep what holds for an architecture and its profiles', () => {
  const text =
    'debhelper-compat (= 13), a [linux-any], b [!amd64], c [hurd-i386] | d, e <!nocheck>, f <nocheck> <cross>, g (>= 1) [any-amd64] <!cross !stage1>, perl:native'
  const names = (architecture: string, profiles: string[]) =>
    parseBuildDependencies(text, architecture, profiles).map((clause) => clause.map(({ name }) => name).join('|'))
  expect(names('amd64', [])).toEqual(['debhelper-compat', 'a', 'd', 'e', 'g', 'perl'])
  expect(names('arm64', ['nocheck'])).toEqual(['debhelper-compat', 'a', 'b', 'd', 'f', 'perl'])
  expect(names('hurd-i386', ['cross'])).toEqual(['debhelper-compat', 'b', 'c|d', 'e', 'f', 'perl'])
  expect(() => parseBuildDependencies('a [amd64 !arm64]', 'amd64')).toThrow(malformed)
})

test.skipIf(!haveTools('dpkg-architecture'))(
  `architecture wildcards match as dpkg-architecture has it${skipReason('dpkg-architecture')}`,
  async () => {
    const wildcards = [
      'any',
      'linux-any',
      'any-amd64',
      'any-arm',
      'hurd-any',
      'kfreebsd-any',
      'any-i386',
      'gnu-any-any',
      'musl-any-any',
      'amd64',
      'eabihf-any-any-arm',
    ]
    const pairs: [architecture: string, wildcard: string][] = []
    for (const architecture of ['amd64', 'armhf', 'x32', 'hurd-i386', 'musl-linux-arm64', 'kfreebsd-amd64'])
      for (const wildcard of wildcards) {
        pairs.push([architecture, wildcard])
      }
    // What dpkg-architecture -i asks, for all pairs in one process.
    const script = 'while (<STDIN>) { my ($real, $alias) = split; print debarch_is($real, $alias) ? 1 : 0 }'
    const input = pairs.map(([architecture, wildcard]) => `${architecture} ${wildcard}\n`).join('')
    const { stdout } = await run(['perl', '-MDpkg::Arch=debarch_is', '-e', script], { input })
    const answers = stdout.toString()
    expect(answers).toMatch(/^(?=.*0)(?=.*1)[01]{66}$/)
    for (const [index, [architecture, wildcard]] of pairs.entries())
      expect(architectureMatches(architecture, wildcard), `${architecture} ${wildcard}`).toBe(answers[index] === '1')
  },
)

test('what is rendered parses back', () => {
  const relation = fc.record(
    {
      name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,8}$/),
      architecture: fc.constantFrom('any', 'amd64'),
    },
    { requiredKeys: ['name'] },
  )
  const versioned = fc
    .tuple(relation, fc.constantFrom('<<', '<=', '=', '>=', '>>'), fc.stringMatching(/^[0-9][0-9a-z.+~:-]{0,6}$/))
    .map(([base, operator, version]) => ({ ...base, operator, version }))
  const dependencies = fc.array(fc.array(fc.oneof(relation, versioned), { minLength: 1, maxLength: 3 }), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(dependencies, (given) => {
      expect(parseDependencies(renderDependencies(given))).toEqual(given)
    }),
  )
})
