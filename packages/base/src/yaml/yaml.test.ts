import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { HolotypeError } from '../errors.ts'
import { nearest } from './nearest.ts'
import { parseYaml, parseYamlDocument, readYaml } from './yaml.ts'

const schema = z.strictObject({
  packages: z.array(z.string()).min(1),
  files: z
    .record(
      z.string().regex(/^\//, 'a path starts with /'),
      z.strictObject({ content: z.string(), mode: z.string().default('0644') }),
    )
    .default({}),
  waves: z
    .array(z.strictObject({ name: z.string(), gate: z.strictObject({ soak: z.number() }).prefault({ soak: 0 }) }))
    .default([]),
  source: z
    .union([
      z.strictObject({ kind: z.literal('git'), repository: z.string() }),
      z.strictObject({ kind: z.literal('archive'), address: z.string() }),
    ])
    .optional(),
  level: z.enum(['release', 'updates', 'security']).optional(),
})

function errorOf(text: string, against: z.ZodType = schema): HolotypeError {
  try {
    parseYaml({ file: 'images/web.yaml', text }, against)
  } catch (error) {
    if (error instanceof HolotypeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('unknown keys', () => {
  test('name the nearest known key, before the missing key that they cause', () => {
    const error = errorOf('pakages: [nginx]\n')
    expect(error.code).toBe('YAML_SCHEMA')
    expect(error.message).toBe(
      'images/web.yaml:1:1: unknown key "pakages"; did you mean "packages"?\n   1 | pakages: [nginx]\n     | ^',
    )
    expect(error.hint).toContain('known here: packages, files')
    expect(error.data).toEqual({ file: 'images/web.yaml', line: 1, column: 1 })
  })

  test.each([
    ['in a record', 'packages: [a]\nfiles:\n  /etc/motd:\n    contnet: hi\n', '4:5', 'content'],
    ['in an array, behind a default', 'packages: [a]\nwaves:\n  - name: x\n    gate: { sok: 1 }\n', '4:13', 'soak'],
    ['in a union, by its literal', 'packages: [a]\nsource: { kind: git, repositry: x }\n', '2:22', 'repository'],
    ['in a union, its other branch', 'packages: [a]\nsource: { kind: archive, adress: x }\n', '2:26', 'address'],
  ])('%s', (_where, text, at, meant) => {
    const error = errorOf(text)
    expect(error.message).toContain(`images/web.yaml:${at}: unknown key`)
    expect(error.message).toContain(`did you mean "${meant}"?`)
  })

  test('far from every known one are not guessed at', () => {
    expect(errorOf('packages: [a]\nzzzzzz: 1\n').message).not.toContain('did you mean')
  })

  test('are found behind recursion', () => {
    interface Node {
      readonly name: string
      readonly children?: Node[] | undefined
    }
    const tree: z.ZodType<Node> = z.lazy(() => z.strictObject({ name: z.string(), children: z.array(tree).optional() }))
    const error = errorOf('name: a\nchildren:\n  - name: b\n    childern: []\n', tree)
    expect(error.message).toContain('4:5: unknown key "childern"; did you mean "children"?')
  })

  test('that only a prototype has are unknown', () => {
    expect(errorOf('packages: [a]\nconstructor: 1\n').message).toContain('unknown key "constructor"')
    expect(errorOf('packages: [a]\nfiles: { /a: { content: x, toString: 1 } }\n').message).toContain(
      'unknown key "toString"',
    )
  })
})

describe('other complaints', () => {
  test('a missing key stands at the thing it is missing from', () => {
    const error = errorOf('packages: [a]\nwaves:\n  - gate: { soak: 1 }\n')
    expect(error.message).toContain('images/web.yaml:3:5: missing key "name" in waves.0')
  })

  test('a word close to an allowed one', () => {
    expect(errorOf('packages: [a]\nlevel: updats\n').message).toContain(
      '2:8: level: "updats" is not one of release, updates, security; did you mean "updates"?',
    )
  })

  test('a bad key of a record', () => {
    expect(errorOf('packages: [a]\nfiles: { etc: { content: x } }\n').message).toContain(
      '2:10: bad key "etc": a path starts with /',
    )
  })

  test('a wrong type below an alias', () => {
    expect(errorOf('packages: &p [1]\nwaves: []\n').message).toContain(
      '1:15: packages.0: invalid input: expected string',
    )
  })

  test('an empty file', () => {
    expect(errorOf('').message).toContain('images/web.yaml:1:1:')
  })
})

describe('syntax', () => {
  test.each([
    ['a bad indent', 'packages:\n - a\n  b: c\n', 2],
    ['a key given twice', 'packages: [a]\npackages: [b]\n', 2],
    ['an unknown tag', 'packages: !include other\n', 1],
    ['a second document', 'packages: [a]\n---\npackages: [b]\n', 2],
  ])('%s is an error at its line', (_what, text, line) => {
    const error = errorOf(text)
    expect(error.code).toBe('YAML_SYNTAX')
    expect(error.data.line).toBe(line)
  })

  test('aliases that multiply are an error, not memory', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]']
    for (let i = 0; i < 9; i++) {
      const [from, to] = ['abcdefghij'[i], 'abcdefghij'[i + 1]]
      lines.push(`${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(', ')}]`)
    }
    expect(errorOf(lines.join('\n')).code).toBe('YAML_SYNTAX')
  })

  test('nesting deeper than the stack is an error', () => {
    expect(errorOf(`packages: ${'['.repeat(100_000)}`).code).toBe('YAML_SYNTAX')
  })
})

describe('the caret', () => {
  const caretUnder = (text: string) => {
    const [, line = '', caret = ''] = errorOf(text).message.split('\n')
    return { line, caret }
  }

  test('stands right behind tabs, which are one column wide', () => {
    const { line, caret } = caretUnder('packages: [a]\nlevel:\t\tupdats\n')
    expect(line).toBe('   2 | level:  updats')
    expect(caret.indexOf('^')).toBe(line.indexOf('updats'))
  })

  test('stands right behind wide characters', () => {
    const { line, caret } = caretUnder('packages: [a]\nfiles: { /日本: { content: x, mod: y } }\n')
    // Two characters of two columns each: the caret is two columns further than the index.
    expect(caret.indexOf('^')).toBe(line.indexOf('mod') + 2)
  })

  test('is kept in sight on a long line', () => {
    const { line, caret } = caretUnder(
      `packages: [a]\nfiles: { /a: { content: "${'x'.repeat(5000)}", mod: y, extra: "${'z'.repeat(5000)}" } }\n`,
    )
    expect(line.length).toBeLessThan(140)
    expect(line.slice(caret.indexOf('^'))).toMatch(/^mod: y/)
  })

  test('holds for files with CRLF', () => {
    expect(errorOf('pakages: [a]\r\n').message).not.toContain('\ufffd')
  })
})

test('any text is either checked or refused with a code', () => {
  const anyYaml = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', '{', '}', '"', '&', '*', '!', '\t', '0') }),
  )
  fc.assert(
    fc.property(anyYaml, (text) => {
      try {
        parseYaml({ file: 'x.yaml', text }, schema)
      } catch (error) {
        expect(error).toBeInstanceOf(HolotypeError)
      }
    }),
  )
})

test('checks beyond the schema complain at a place too', () => {
  const document = parseYamlDocument({ file: 'x.yaml', text: 'packages:\n  - a\n  - b\n' }, schema)
  expect(document.complain(['packages', 1], 'chosen twice').what).toBe(
    'x.yaml:3:5: chosen twice\n   3 |   - b\n     |     ^',
  )
})

describe('files', () => {
  let directory = ''
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holotype-yaml-'))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  test('that are missing, no file, or no UTF-8 are FILE_UNREADABLE', () => {
    const latin = join(directory, 'latin.yaml')
    writeFileSync(latin, Buffer.from([0x61, 0x3a, 0xe4]))
    for (const path of [join(directory, 'missing.yaml'), directory, latin]) {
      expect(() => readYaml(path, schema, 'shown.yaml')).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
    }
  })
})

describe('nearest', () => {
  test('one edit is always found, and a word is nearest to itself', () => {
    const word = fc.stringMatching(/^[a-z]{4,12}$/)
    fc.assert(
      fc.property(word, fc.nat(3), fc.array(word), (meant, at, others) => {
        expect(nearest(meant, [...others, meant])).toBe(meant)
        expect(nearest(meant.slice(0, at) + meant.slice(at + 1), [meant])).toBe(meant)
      }),
    )
  })

  test('nothing near is undefined', () => {
    expect(nearest('image', ['channel', 'node'])).toBeUndefined()
    expect(nearest('', ['a'])).toBeUndefined()
  })
})
