import { isErrorCode } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Dependencies, Relation } from '../types.ts'
import { relationFields } from './record.ts'
import { parseDependencies, parseRelation, relationOf, renderRelation } from './relation.ts'
import { type Rich, parseRich } from './rich.ts'
import { anyOf, clausesOf } from './rich-clauses.ts'
import { SENSE } from './sense.ts'

/** A package as what it provides; a system as its packages. */
type System = readonly ReadonlySet<string>[]

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const
const system: fc.Arbitrary<System> = fc.array(
  fc.subarray([...NAMES]).map((names) => new Set<string>(names)),
  { maxLength: 4 },
)
const leaf: fc.Arbitrary<Rich> = fc.constantFrom(...NAMES).map((name) => ({ kind: 'relation', relation: { name } }))

const samePackage: fc.Arbitrary<Rich> = fc.letrec<{ node: Rich }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({ kind: fc.constantFrom('or', 'with'), operands: fc.array(tie('node'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ kind: fc.constant('without' as const), operands: fc.tuple(tie('node'), tie('node')) }),
  ),
})).node

const tree: fc.Arbitrary<Rich> = fc.letrec<{ node: Rich }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    samePackage,
    fc.record({ kind: fc.constantFrom('and', 'or'), operands: fc.array(tie('node'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ kind: fc.constantFrom('if', 'unless'), consequence: tie('node'), condition: tie('node') }),
    fc.record({
      kind: fc.constantFrom('if', 'unless'),
      consequence: tie('node'),
      condition: tie('node'),
      otherwise: tie('node'),
    }),
  ),
})).node

/** rpm's manual, "Boolean Operators", word by word. */
function evaluate(node: Rich, packages: System): boolean {
  switch (node.kind) {
    case 'relation':
      return packages.some((each) => each.has(node.relation.name))
    case 'and':
      return node.operands.every((each) => evaluate(each, packages))
    case 'or':
      return node.operands.some((each) => evaluate(each, packages))
    case 'with':
    case 'without':
      return packages.some((each) => onOne(node, each))
    case 'if':
      return evaluate(node.condition, packages)
        ? evaluate(node.consequence, packages)
        : !node.otherwise || evaluate(node.otherwise, packages)
    case 'unless':
      return evaluate(node.condition, packages)
        ? node.otherwise !== undefined && evaluate(node.otherwise, packages)
        : evaluate(node.consequence, packages)
  }
}

function onOne(node: Rich, provided: ReadonlySet<string>): boolean {
  if (node.kind === 'relation') return provided.has(node.relation.name)
  if (!('operands' in node)) throw new Error('not generated')
  if (node.kind === 'or') return node.operands.some((each) => onOne(each, provided))
  if (node.kind === 'with') return node.operands.every((each) => onOne(each, provided))
  return node.operands.every((each, index) => onOne(each, provided) === (index === 0))
}

function clausesHold(clauses: Dependencies, packages: System): boolean {
  return clauses.every((clause) =>
    clause.some((relation) => packages.some((each) => relationHolds(relation, each)) !== (relation.negated ?? false)),
  )
}

function relationHolds(relation: Relation, provided: ReadonlySet<string>): boolean {
  return (
    provided.has(relation.name) &&
    (relation.with ?? []).every(({ name }) => provided.has(name)) &&
    !(relation.without ?? []).some(({ name }) => provided.has(name))
  )
}

function render(node: Rich): string {
  if (node.kind === 'relation') return renderRelation(node.relation)
  if ('operands' in node) return `(${node.operands.map(render).join(` ${node.kind} `)})`
  const otherwise = node.otherwise ? ` else ${render(node.otherwise)}` : ''
  return `(${render(node.consequence)} ${node.kind} ${render(node.condition)}${otherwise})`
}

/** Clauses, or nothing where the bound says no. */
function within(make: () => Dependencies): Dependencies | undefined {
  try {
    return make()
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) return undefined
    throw error
  }
}

test('a rich dependency and its clauses hold in the same systems, and so do their opposites', () => {
  let judged = 0
  fc.assert(
    fc.property(tree, fc.array(system, { minLength: 5, maxLength: 20 }), (node, systems) => {
      const clauses = within(() => clausesOf(node))
      const opposite = within(() => clausesOf(node, true))
      for (const packages of systems) {
        const holds = evaluate(node, packages)
        if (clauses) expect(clausesHold(clauses, packages)).toBe(holds)
        if (opposite) expect(clausesHold(opposite, packages)).toBe(!holds)
        if (clauses && opposite) judged++
      }
    }),
    { numRuns: 500 },
  )
  expect(judged).toBeGreaterThan(2000)
})

test('a tree written out is parsed to itself', () => {
  fc.assert(
    fc.property(tree, (node) => {
      const text = node.kind === 'relation' ? `(${render(node)})` : render(node)
      expect(parseRich(text)).toEqual(node)
    }),
    { numRuns: 500 },
  )
})

test('rich dependencies of the manual', () => {
  const cases: Record<string, Dependencies> = {
    '(pkgA >= 3.2 or pkgB)': [[{ name: 'pkgA', operator: '>=', version: '3.2' }, { name: 'pkgB' }]],
    '(cz if lang)': [[{ name: 'cz' }, { name: 'lang', negated: true }]],
    '(maria-be if maria else sqlite)': [
      [{ name: 'maria-be' }, { name: 'maria', negated: true }],
      [{ name: 'maria' }, { name: 'sqlite' }],
    ],
    '(foo with bar)': [[{ name: 'foo', with: [{ name: 'bar' }] }]],
    '(foo without bar < 2)': [[{ name: 'foo', without: [{ name: 'bar', operator: '<', version: '2' }] }]],
    '(a unless b)': [[{ name: 'a' }], [{ name: 'b', negated: true }]],
    '((perl(A) with config(b)) or libc.so.6(GLIBC_2.4)(64bit))': [
      [{ name: 'perl(A)', with: [{ name: 'config(b)' }] }, { name: 'libc.so.6(GLIBC_2.4)(64bit)' }],
    ],
  }
  for (const [text, clauses] of Object.entries(cases)) {
    const parsed = parseDependencies(text)
    expect(parsed, text).toEqual(clauses)
  }
})

test('lists as a spec writes them', () => {
  expect(parseDependencies('bash, /bin/sh >= 1:2-3 perl(Foo::Bar) = 1 (a or b),config(x)')).toEqual([
    [{ name: 'bash' }],
    [{ name: '/bin/sh', operator: '>=', version: '1:2-3' }],
    [{ name: 'perl(Foo::Bar)', operator: '=', version: '1' }],
    [{ name: 'a' }, { name: 'b' }],
    [{ name: 'config(x)' }],
  ])
  expect(parseRelation('a < 2')).toEqual({ name: 'a', operator: '<', version: '2' })
  expect(relationOf('a', SENSE.EQUAL | SENSE.GREATER | SENSE.SCRIPT_PRE, '1')).toEqual({
    name: 'a',
    operator: '>=',
    version: '1',
  })
})

test('what does not parse is refused with a reason', () => {
  const bad = [
    '(',
    '(a',
    '(a and)',
    '(a and b or c)',
    '(a if b else)',
    'a >=',
    '>= 1',
    'a => 1',
    '(a with (b and c))',
    ')',
    '(a without b without c)',
    '()',
    `${'('.repeat(40)}a${')'.repeat(40)}`,
  ]
  for (const text of bad)
    expect(() => parseDependencies(text), text).toThrow(expect.objectContaining({ code: 'RELATION_MALFORMED' }))
  // 12 pairs joined by "or" need 2^12 clauses.
  const many = `(${Array.from({ length: 12 }, (_, i) => `(a${i} and b${i})`).join(' or ')})`
  expect(() => parseDependencies(many)).toThrow(/RICH_CLAUSES/)
})

test('any text is parsed or refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('(', ')', ' ', 'a', ' and ', ' or ', ' if ', ' else ', ' with ', ' >= ', '1', ','), {
        maxLength: 30,
      }),
      (parts) => {
        within(() => parseDependencies(parts.join('')))
      },
    ),
    { numRuns: 1000 },
  )
})

test('a record takes each kind of dependency where it belongs', () => {
  const plain = (name: string, flags = 0, evr = '') => ({ name, flags, evr })
  const none = { requires: [], provides: [], conflicts: [], obsoletes: [], recommends: [], supplements: [] }
  const fields = relationFields({
    ...none,
    requires: [
      plain('rpmlib(FileDigests)', SENSE.RPMLIB | SENSE.LESS | SENSE.EQUAL, '4.6.0-1'),
      plain('rpmlib(FromTheFuture)', SENSE.RPMLIB | SENSE.LESS | SENSE.EQUAL, '9-1'),
      plain('/bin/sh', SENSE.INTERP | SENSE.SCRIPT_POST),
      plain('/bin/sh', SENSE.INTERP | SENSE.SCRIPT_PRE),
      plain('libc'),
      plain('hint', SENSE.MISSINGOK),
    ],
    conflicts: [plain('x', SENSE.LESS, '2'), plain('(p or q)'), plain('(r and s)')],
    supplements: [plain('(l and m)'), plain('n')],
  })
  expect(fields).toEqual({
    depends: [
      [{ name: 'rpmlib(FromTheFuture)', operator: '<=', version: '9-1' }],
      [{ name: 'libc' }],
      [
        { name: 'r', negated: true },
        { name: 's', negated: true },
      ],
    ],
    preDepends: [[{ name: '/bin/sh' }]],
    recommends: [[{ name: 'hint' }]],
    provides: [],
    conflicts: [{ name: 'x', operator: '<', version: '2' }, { name: 'p' }, { name: 'q' }],
    supplements: [
      [{ name: 'l' }, { name: 'n' }],
      [{ name: 'm' }, { name: 'n' }],
    ],
  })
  expect(anyOf([])).toEqual([])
})
