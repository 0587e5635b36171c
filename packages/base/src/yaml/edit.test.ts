import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { describe, expect, test } from 'vitest'
import { editYaml, type YamlChange } from './edit.ts'

const edit = (text: string, ...changes: readonly YamlChange[]) => editYaml({ file: 'web.yaml', text }, changes)
const man = { path: ['prune', 'man'], set: false } as const
const paths = { path: ['prune', 'paths'], add: ['/a/b', '/c*'] } as const
const exclude = { path: ['exclude'], add: ['less', 'libstdc++6'] } as const

function writtenWell(text: string, value: unknown): boolean {
  try {
    return isDeepStrictEqual(parse(text), value)
  } catch {
    return false
  }
}

describe('a changed YAML file', () => {
  test.each([
    ['begins with nothing', '', [man], 'prune:\n  man: false\n'],
    [
      'gets a key after its last',
      'packages: [a] # a\n# the end\n',
      [exclude],
      'packages: [a] # a\nexclude:\n  - less\n  - libstdc++6\n# the end\n',
    ],
    ['may lack its last newline', 'packages: [a]', [man], 'packages: [a]\nprune:\n  man: false\n'],
    ['keeps its line ends', 'packages: [a]\r\n', [man], 'packages: [a]\r\nprune:\r\n  man: false\r\n'],
    [
      'gets items where its list ends, with its indent, and keeps every comment',
      '# one\nprune:   # two\n    paths:\n    - /x  # three\n    # four\n\n\nfiles:   {}\n',
      [paths],
      '# one\nprune:   # two\n    paths:\n    - /x  # three\n    - /a/b\n    - "/c*"\n    # four\n\n\nfiles:   {}\n',
    ],
    ['gets items in a line', 'exclude: [ a,b ] # why\n', [exclude], 'exclude: [ a,b, less, libstdc++6 ] # why\n'],
    ['gets what is new alone', 'exclude: [less]\n', [exclude], 'exclude: [less, libstdc++6]\n'],
    ['is as it was where nothing is new', 'prune: { man:   false }\n', [man], 'prune: { man:   false }\n'],
    [
      'gets a key in a line',
      'prune: { docs: false }\n',
      [man, paths],
      'prune: { docs: false, man: false, paths: [/a/b, "/c*"] }\n',
    ],
    [
      'gets a key in a block',
      'prune:\n  paths:\n    - /x\nunits: {}\n',
      [man],
      'prune:\n  paths:\n    - /x\n  man: false\nunits: {}\n',
    ],
    [
      'changes a value',
      'prune:\n  man: true # yes\n  docs: true\n',
      [man],
      'prune:\n  man: false # yes\n  docs: true\n',
    ],
    [
      'fills what is empty',
      'exclude: []\nprune:\n',
      [exclude, man],
      'exclude: [less, libstdc++6]\nprune: { man: false }\n',
    ],
    ['may have an empty table', 'prune: {}\n', [man], 'prune: { man: false }\n'],
    ['may end by itself', 'a: |\n  text\n...\n', [man], 'a: |\n  text\nprune:\n  man: false\n...\n'],
    ['gets an empty list', 'a: 1\n', [{ path: ['prune', 'locales'], set: [] }], 'a: 1\nprune:\n  locales: []\n'],
  ] as const)('%s', (_, before, changes, after) => {
    expect(edit(before, ...changes).replace(/\{ {2}|(?<=false) {2}\}/g, (gap) => gap.replace('  ', ' '))).toBe(after)
  })

  test.each([
    ['prune: *x\n', 'YAML_SYNTAX'],
    ['a: &x { docs: false }\nprune: *x\n', 'YAML_SCHEMA'],
    ['- a\n', 'YAML_SCHEMA'],
    ['a: [\n', 'YAML_SYNTAX'],
  ])('is refused rather than changed elsewhere: %j', (text, code) => {
    expect(() => edit(text, man)).toThrow(expect.objectContaining({ code }))
  })

  test('means what it should, and every line of it stays, whatever else it holds', () => {
    const word = fc.stringMatching(/^[a-z][a-z ,:#'"[\]{}&*!|>%@\n-]{0,12}$/)
    const other = fc.dictionary(
      fc.constantFrom('a', 'b', 'files', 'units'),
      fc.oneof(word, fc.array(word), fc.dictionary(word, word)),
    )
    const prune = fc.record({ paths: fc.array(word), keep: fc.array(word), man: fc.boolean() }, { requiredKeys: [] })
    const spec = fc.tuple(other, fc.option(prune), fc.option(fc.array(word)), other)
    fc.assert(
      fc.property(
        spec,
        fc.array(word, { minLength: 1 }),
        fc.boolean(),
        ([one, pruned, excluded, two], add, flowing) => {
          const value = {
            ...one,
            ...(pruned ? { prune: pruned } : {}),
            ...(excluded ? { exclude: excluded } : {}),
            z: two,
          }
          const text = stringify(value, { collectionStyle: flowing ? 'flow' : 'any', lineWidth: 0 })
          // The library itself writes a few texts that it reads as something else, or not at all.
          fc.pre(writtenWell(text, value))
          const after = edit(text, { path: ['exclude'], add }, man, { path: ['prune', 'paths'], add })
          const more = (list: readonly string[] = []) => [
            ...list,
            ...new Set(add.filter((item) => !list.includes(item))),
          ]
          expect(parse(after)).toEqual({
            ...value,
            exclude: more(excluded ?? []),
            prune: { ...pruned, man: false, paths: more(pruned?.paths) },
          })
        },
      ),
      { numRuns: 300 },
    )
  })
})
