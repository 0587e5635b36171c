import { canonicalJson } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { INDEX_BYTES, STATEMENT_BYTES, STATEMENT_WAVES } from '../limits.ts'
import type { ChannelStatement } from '../statement.ts'
import { parseStatement } from './parse-statement.ts'

const pack = {
  index: `sha256:${'1'.repeat(64)}` as const,
  indexSize: 34,
  pack: `sha256:${'2'.repeat(64)}` as const,
  size: 12,
}
const target = (letter: string) => ({
  image: `sha256:${letter.repeat(64)}` as const,
  packs: [pack],
})
const waves = [
  { name: 'canary', select: { role: 'canary' }, share: 10_000, open: true },
  { name: 'rest', select: {}, share: 2500, open: false },
]
const plain: ChannelStatement = {
  schema: 'holotype.channel/2',
  channel: 'web',
  number: 7,
  issued: '2026-11-21T06:00:00Z',
  expires: '2026-12-21T06:00:00Z',
  current: target('a'),
  reason: 'patch day — Größe',
  actor: 'alice@acme.example',
  commit: '0123',
}
const delta = { from: plain.current.image, ...pack }
const full: ChannelStatement = { ...plain, next: { ...target('b'), delta }, rollout: { id: 'r1', waves } }

const waiting = (notBefore: string) => ({ ...full, rollout: { id: 'r1', waves, notBefore } })

const parse = (value: unknown) => parseStatement(Buffer.from(JSON.stringify(value)))
const malformed = expect.objectContaining({ code: 'STATEMENT_MALFORMED' })

test('a statement survives its canonical form', () => {
  for (const statement of [plain, full, { ...full, renews: 6 }, waiting('2026-12-21T05:59:59Z')])
    expect(parseStatement(Buffer.from(canonicalJson(statement)))).toEqual(statement)
})

test('what it does not know is left out', () => {
  expect(parse({ ...full, colour: 'red', current: { ...full.current, colour: 'red' } })).toEqual(full)
})

test.each<[string, unknown]>([
  ['no object', []],
  ['null', null],
  ['another schema', { ...full, schema: 'holotype.channel/1' }],
  ['no channel', { ...full, channel: undefined }],
  ['a number of zero', { ...full, number: 0 }],
  ['a fraction', { ...full, number: 1.5 }],
  ['a number that loses bits', { ...full, number: 2 ** 53 }],
  ['a number as text', { ...full, number: '7' }],
  ['one that expires when it begins', waiting(full.expires)],
  ['a beginning that is no time', waiting('tomorrow')],
  ['one that repeats itself', { ...full, renews: 7 }],
  ['one that repeats no number', { ...full, renews: 0 }],
  ['a time with an offset', { ...full, issued: '2026-11-21T06:00:00+01:00' }],
  ['a time that is none', { ...full, expires: '2026-13-21T06:00:00Z' }],
  ['an image that is no digest', { ...full, current: { ...full.current, image: 'sha256:zz' } }],
  ['packs that are no list', { ...full, current: { ...full.current, packs: {} } }],
  ['a negative size', { ...full, current: { ...full.current, packs: [{ ...full.current.packs[0], size: -1 }] } }],
  ['an index of unsaid length', { ...full, current: { ...full.current, packs: [{ ...pack, indexSize: undefined }] } }],
  ['an index without bytes', { ...full, current: { ...full.current, packs: [{ ...pack, indexSize: 0 }] } }],
  ['an index beyond bounds', { ...full, next: { ...full.next, delta: { ...delta, indexSize: INDEX_BYTES + 1 } } }],
  ['a delta from nowhere', { ...full, next: { ...full.next, delta: { ...delta, from: undefined } } }],
  ['a delta without an index', { ...full, next: { ...full.next, delta: { ...delta, index: 'x' } } }],
  ['a delta that is none', { ...full, next: { ...full.next, delta: null } }],
  ['next without a rollout', { ...full, rollout: undefined }],
  ['a rollout without next', { ...full, next: undefined }],
  ['a rollout without an id', { ...full, rollout: { id: '', waves } }],
  ['two waves of one name', { ...full, rollout: { id: 'r', waves: [waves[0], waves[0]] } }],
  ['a share over 10,000', { ...full, rollout: { id: 'r', waves: [{ ...waves[0], share: 10_001 }] } }],
  ['open as text', { ...full, rollout: { id: 'r', waves: [{ ...waves[0], open: 'true' }] } }],
  ['a label that is no text', { ...full, rollout: { id: 'r', waves: [{ ...waves[0], select: { a: 1 } }] } }],
  [
    'too many waves',
    {
      ...full,
      rollout: {
        id: 'r',
        waves: Array.from({ length: STATEMENT_WAVES + 1 }, (_, name) => ({ ...waves[0], name: `${name}` })),
      },
    },
  ],
])('refused: %s', (_, value) => {
  expect(() => parse(value)).toThrow(malformed)
})

test('refused: no JSON, bad UTF-8, too many bytes, too deep', () => {
  const good = Buffer.from(JSON.stringify(full))
  for (const bytes of [
    Buffer.alloc(0),
    good.subarray(0, -1),
    Buffer.concat([good, Buffer.from('x')]),
    Buffer.from([0x22, 0xff, 0x22]),
    Buffer.concat([good, Buffer.alloc(STATEMENT_BYTES, ' ')]),
    Buffer.from('['.repeat(STATEMENT_BYTES)),
  ])
    expect(() => parseStatement(bytes)).toThrow(malformed)
})

test('law: whatever the bytes, it parses or says STATEMENT_MALFORMED', () => {
  const good = Buffer.from(JSON.stringify(full))
  const mutated = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((edits) => {
      const bytes = Buffer.from(good)
      for (const [at, to] of edits) bytes[at] = to
      return bytes
    })
  const any = fc.oneof(
    mutated,
    fc.json().map((json) => Buffer.from(json)),
    fc.uint8Array(),
  )
  fc.assert(
    fc.property(any, (bytes) => {
      try {
        return parseStatement(bytes).schema === 'holotype.channel/2'
      } catch (error) {
        expect(error).toEqual(malformed)
        return true
      }
    }),
    { numRuns: 500 },
  )
})
