import { CORE_CLAUSES, SEARCH_CONFLICTS } from './limits.ts'
import { type Clause, type GivenClause, type Literal, type SearchView, search } from './search.ts'

/**
 * Shortens a refutation: leaves clauses out one by one, the furthest from the request first, as long as the rest still cannot hold.
 * What stays is a minimal unsatisfiable core (Chinneck & Dravnieks 1991, deletion filter): every link of the explanation matters.
 */
export function shortenCore<Origin>(core: readonly Clause<Origin>[]): Origin[] {
  let clauses = core.flatMap(({ literals, origin }) => (origin === undefined ? [] : [{ literals, origin }]))
  if (clauses.length <= CORE_CLAUSES) {
    for (const clause of clauses.toReversed()) {
      const rest = clauses.filter((other) => other !== clause)
      if (!holds(rest)) clauses = rest
    }
  }
  return clauses.map(({ origin }) => origin)
}

function holds<Origin>(clauses: readonly GivenClause<Origin>[]): boolean {
  const numbers = new Map<number, number>()
  const renumber = (literal: Literal): Literal => {
    const variable = Math.abs(literal)
    const number = numbers.get(variable) ?? numbers.size + 1
    numbers.set(variable, number)
    return literal > 0 ? number : -number
  }
  const facts = clauses.map(({ literals, origin }) => ({ literals: literals.map(renumber), origin }))
  const outcome = search(
    { variables: numbers.size, expand: () => [], decide: denyNext(numbers.size), maxConflicts: SEARCH_CONFLICTS },
    facts,
  )
  return outcome.kind !== 'refuted'
}

/** Nothing is wanted unless a clause says so. */
function denyNext(variables: number) {
  return (view: SearchView): Literal => {
    for (let variable = 1; variable <= variables; variable++) if (view.value(variable) === 0) return -variable
    return 0
  }
}
