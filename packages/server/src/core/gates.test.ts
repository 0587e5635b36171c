import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GatedWave, gateOf, type Member, named, seconds } from './gates.ts'

const NOW = 1_000_000_000
const member = (name: string, at: Member['at'], agoSeconds = 0, held = false): Member => ({
  name,
  at,
  held,
  since: NOW - agoSeconds * 1000,
})
const wave = (members: readonly Member[], more: Partial<GatedWave> = {}): GatedWave => ({
  name: 'w',
  open: false,
  soak: 0,
  success: 10_000,
  members,
  ...more,
})
const gate = (before: readonly Member[], more: Partial<GatedWave> = {}) =>
  gateOf([wave(before, { name: 'first', open: true }), wave([], more)], 1, NOW)

describe('gateOf', () => {
  it('lets the first wave open and has nothing to say of an open one', () => {
    expect(gateOf([wave([])], 0, NOW)).toMatchObject({ verdict: 'passed', reason: 'no wave is before this one' })
    expect(gate([member('a', 'failed')], { open: true })).toMatchObject({ verdict: 'open', observed: 0 })
  })

  it('waits for every wave before it to be open', () => {
    const waves = [wave([member('a', 'converged')], { name: 'first' }), wave([])]
    expect(gateOf(waves, 1, NOW)).toMatchObject({
      verdict: 'waiting',
      reason: 'the wave first before it is not open yet',
    })
  })

  it('waits for the share, and says who is held', () => {
    const before = [member('a', 'converged'), member('b', 'pending'), member('c', 'pending', 0, true)]
    expect(gate(before)).toMatchObject({
      verdict: 'waiting',
      observed: 3333,
      reason: '1 of 3 nodes converged, 3 must; c is held by an operator',
    })
    expect(gate(before, { success: 3333 })).toMatchObject({
      verdict: 'passed',
      reason: '1 of 3 nodes converged; c is held by an operator',
    })
    expect(gate(before, { success: 3334 })).toMatchObject({ verdict: 'waiting' })
  })

  it('fails when so many failed that the share cannot be reached, and passes with fewer', () => {
    const before = [member('a', 'converged'), member('b', 'failed'), member('c', 'converged')]
    expect(gate(before)).toMatchObject({
      verdict: 'failed',
      reason: '2 of 3 nodes converged, 3 must; b failed',
    })
    expect(gate(before, { success: 6600 })).toMatchObject({
      verdict: 'passed',
      reason: '2 of 3 nodes converged; b failed',
    })
  })

  it('soaks from the moment the share was reached', () => {
    const before = [member('a', 'converged', 500), member('b', 'converged', 100), member('c', 'converged', 10)]
    expect(gate(before, { soak: 60 })).toMatchObject({
      verdict: 'waiting',
      soaked: 10,
      reason: 'soaking: 50 s of 60 s left',
    })
    expect(gate(before, { soak: 60, success: 6600 })).toMatchObject({ verdict: 'passed', soaked: 100 })
    expect(gate(before, { soak: 10 })).toMatchObject({ verdict: 'passed', soaked: 10 })
  })

  it('passes waves that hold no node', () => {
    expect(gate([], { soak: 60 })).toMatchObject({ verdict: 'passed', reason: 'no node is in the waves before' })
  })

  const members = fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      at: fc.constantFrom('converged' as const, 'failed' as const, 'pending' as const),
      held: fc.boolean(),
      since: fc.integer({ min: NOW - 100_000, max: NOW }),
    }),
    { maxLength: 12 },
  )
  const ofGate = { soak: fc.integer({ min: 0, max: 100 }), success: fc.integer({ min: 0, max: 10_000 }) }

  it('passes only with the share converged and soaked, and never falls when a node converges', () => {
    fc.assert(
      fc.property(members, fc.record(ofGate), (before, { soak, success }) => {
        const result = gate(before, { soak, success })
        const converged = before.filter(({ at }) => at === 'converged')
        const reached = converged.length * 10_000 >= before.length * success
        if (result.verdict === 'passed' && before.length > 0) {
          expect(reached).toBe(true)
          expect(result.soaked >= soak).toBe(true)
        }
        if (result.verdict === 'failed') expect(reached).toBe(false)
        const mended = before.map((one) => ({ ...one, at: 'converged' as const, since: NOW - 1_000_000_000 }))
        expect(gate(mended, { soak, success }).verdict).toBe('passed')
      }),
    )
  })
})

describe('words', () => {
  it('names a few and counts the rest', () => {
    const nodes = ['d', 'b', 'a', 'e', 'c'].map((name) => ({ name }))
    expect(
      [1, 2, 3, 5].map((count) => named(nodes.toSorted((x, y) => (x.name < y.name ? -1 : 1)).slice(0, count))),
    ).toEqual(['a', 'a and b', 'a, b and c', 'a, b, c and 2 more'])
  })

  it('gives times in the unit one thinks in', () => {
    expect([0, 119, 120, 7199, 7200, 172_800].map(seconds)).toEqual(['0 s', '119 s', '2 min', '120 min', '2 h', '2 d'])
  })
})
