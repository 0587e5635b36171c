import { openStore } from '@holotype/store'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mapOf, unpackedOf } from '../../testing/synthetic.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import { fnmatch } from './fnmatch.ts'
import { hookTargets, targetIndex } from './hook-match.ts'
import { parseHook, readHooks } from './hooks.ts'
import { splitWords } from './split-words.ts'

const store = openStore(temporaryDirectory())

const HOOK = `# comment
[Trigger]
Operation = Install
Type = Path
Target = usr/lib/*.so
Target = !usr/lib/private/*

[Action]
When = PostTransaction
Exec = /usr/bin/ldconfig "one two" 'three' fo\\ ur
NeedsTargets
`

describe('a hook', () => {
  test('is read with its triggers and its words', () => {
    expect(parseHook('a.hook', HOOK)).toEqual({
      name: 'a.hook',
      when: 'PostTransaction',
      exec: ['/usr/bin/ldconfig', 'one two', 'three', 'fo ur'],
      needsTargets: true,
      depends: [],
      triggers: [{ operations: new Set(['Install']), type: 'Path', targets: ['usr/lib/*.so', '!usr/lib/private/*'] }],
    })
  })

  test.each([
    ['no Exec', HOOK.replace(/Exec.*\n/, '')],
    ['no When', HOOK.replace(/When.*\n/, '')],
    ['a trigger without a target', HOOK.replaceAll(/Target = .*\n/g, '')],
    ['quotes that do not end', HOOK.replace('two"', 'two')],
    ['an unknown section', `[Other]\n${HOOK}`],
    ['an unknown setting', HOOK.replace('NeedsTargets', 'NeedsNothing')],
    ['an unknown operation', HOOK.replace('Install', 'Instal')],
    ['a line in no section', `When = PostTransaction\n${HOOK}`],
  ])('with %s is refused by name', (_what, text) => {
    expect(() => parseHook('a.hook', text)).toThrow('the hook a.hook')
  })

  test('of /etc replaces the one of its name, a link to /dev/null hides it, names decide the order', () => {
    const map = mapOf(store, {
      'usr/share/libalpm/hooks/b.hook': HOOK,
      'usr/share/libalpm/hooks/a.hook': HOOK,
      'usr/share/libalpm/hooks/hidden.hook': HOOK,
      'usr/share/libalpm/hooks/readme': 'no hook',
      'etc/pacman.d/hooks/hidden.hook': '-> /dev/null',
      'etc/pacman.d/hooks/b.hook': HOOK.replace('ldconfig', 'other'),
    })
    expect(readHooks({ map, store }).map(({ name, exec }) => [name, exec[0]])).toEqual([
      ['a.hook', '/usr/bin/ldconfig'],
      ['b.hook', '/usr/bin/other'],
    ])
  })

  test('gets what its last matching pattern says, sorted, each once', () => {
    const made = unpackedOf(store, {
      name: 'lib',
      version: '2-1',
      files: { 'usr/lib/b.so': 'b', 'usr/lib/a.so': 'a', 'usr/lib/private/c.so': 'c', 'usr/lib/x/d.so': 'd' },
      fields: [['provides', 'libb.so=2-64']],
    })
    const index = targetIndex(store, [made, made])
    const { triggers } = parseHook('a.hook', HOOK)
    expect(hookTargets(triggers, index)).toEqual(['usr/lib/a.so', 'usr/lib/b.so', 'usr/lib/x/d.so'])
    const [trigger] = triggers
    if (!trigger) throw new Error('no trigger')
    expect(hookTargets([{ ...trigger, operations: new Set(['Remove']) }], index)).toEqual([])
    expect(hookTargets([{ ...trigger, targets: ['usr/lib/private/'] }], index)).toEqual(['usr/lib/private/'])
    expect(hookTargets([{ ...trigger, type: 'Package', targets: ['l?b'] }], index)).toEqual(['lib'])
    expect(['lib', 'lib>=2', 'libb.so=2-64'].map((relation) => index.isSatisfied(relation))).toEqual([true, true, true])
    expect(['lib>2-1', 'other', 'libb.so=3-64'].map((relation) => index.isSatisfied(relation))).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('patterns are those of fnmatch(3)', () => {
  test.each([
    ['*', 'usr/lib/.x', true],
    ['usr/*/x', 'usr/a/b/x', true],
    ['usr/?', 'usr//', true],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[]]', ']', true],
    ['[[:digit:]]*', '7up', true],
    ['a.b', 'axb', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['[', '[', true],
    ['(a|b)+', '(a|b)+', true],
  ])('%s on %s: %s', (pattern, text, matches) => {
    expect(fnmatch(pattern)(text)).toBe(matches)
  })

  test('any pattern compiles, and a text without special characters matches itself alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.string(), (pattern, text) => {
        expect(typeof fnmatch(pattern)(text)).toBe('boolean')
        if (!/[*?[\\]/.test(pattern)) expect(fnmatch(pattern)(text)).toBe(pattern === text)
      }),
    )
  })
})

test('words in quotes come back as they were', () => {
  const quoted = (word: string) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(splitWords(words.map(quoted).join(' '))).toEqual(words)
    }),
  )
})
