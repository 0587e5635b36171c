import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GivenClause, type Literal, type Problem, search } from './search.ts'

const VARIABLES = 6
type Clauses = readonly (readonly Literal[])[]

/** Every assignment in turn: slow and certain. */
function satisfiable(clauses: Clauses): boolean {
  for (let bits = 0; bits < 2 ** VARIABLES; bits++)
    if (holds(clauses, (variable) => (bits >> variable) % 2 === 1)) return true
  return false
}

function holds(clauses: Clauses, isTrue: (variable: number) => boolean): boolean {
  return clauses.every((literals) =>
    literals.some((literal) => (literal > 0 ? isTrue(literal - 1) : !isTrue(-literal - 1))),
  )
}

/** Clauses that have a variable negated belong to it and come when it becomes true; the others are facts. `order` is the order of decisions. */
function problemOf(clauses: Clauses, order: readonly Literal[], lazy: boolean) {
  const given = clauses.map((literals): GivenClause<readonly Literal[]> => ({ literals, origin: literals }))
  const owner = (literals: readonly Literal[]) => (lazy ? -(literals.find((literal) => literal < 0) ?? 0) : 0)
  const problem: Problem<readonly Literal[]> = {
    variables: VARIABLES,
    expand: (variable) => given.filter(({ literals }) => owner(literals) === variable),
    decide: (view) => order.find((literal) => view.value(literal) === 0) ?? 0,
    maxConflicts: 1000,
  }
  return { problem, facts: given.filter(({ literals }) => owner(literals) === 0) }
}

const literal = fc
  .tuple(fc.integer({ min: 1, max: VARIABLES }), fc.boolean())
  .map(([variable, sign]) => (sign ? variable : -variable))
const clauses = fc.array(fc.array(literal, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 24 })
const order = fc
  .tuple(
    fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: VARIABLES }),
    fc.array(fc.boolean(), { minLength: VARIABLES, maxLength: VARIABLES }),
  )
  .map(([variables, signs]) => variables.map((variable, index) => (signs[index] ? variable : -variable)))

describe('the search', () => {
  it('finds an assignment exactly when there is one, and its refutations are refutations', () => {
    let refuted = 0
    fc.assert(
      fc.property(clauses, order, fc.boolean(), (all, decisions, lazy) => {
        const { problem, facts } = problemOf(all, decisions, lazy)
        const outcome = search(problem, facts)
        expect(outcome.kind).toBe(satisfiable(all) ? 'satisfied' : 'refuted')
        if (outcome.kind === 'satisfied') {
          const chosen = new Set(outcome.trail)
          expect(holds(all, (variable) => chosen.has(variable + 1))).toBe(true)
        } else if (outcome.kind === 'refuted') {
          refuted++
          expect(satisfiable(outcome.core.flatMap(({ origin }) => (origin ? [origin] : [])))).toBe(false)
        }
      }),
      { numRuns: 4000 },
    )
    expect(refuted).toBeGreaterThan(200)
  })
  it('does not lose a clause of one literal that breaks together with another', () => {
    // 1 first: it denies 3. Then 2, which needs 3 and cannot be at all. Going back undoes 1's part, not what is known of 2.
    const all = [[-2, 3], [-2], [-1, -3], [1, 2]]
    const { problem, facts } = problemOf(all, [1, 2, 3, 4, 5, 6], true)
    const outcome = search(problem, facts)
    expect(outcome.kind === 'satisfied' && outcome.trail.includes(2)).toBe(false)
  })
  it('gives up after so many conflicts', () => {
    const every = [1, -1].flatMap((a) => [2, -2].flatMap((b) => [3, -3].map((c) => [a, b, c])))
    const { problem, facts } = problemOf(every, [1, 2, 3, 4, 5, 6], false)
    expect(search({ ...problem, maxConflicts: 1 }, facts).kind).toBe('given-up')
  })
})
