import type { Encoding, Origin } from './encode.ts'
import { SEARCH_CONFLICTS } from './limits.ts'
import { applies, type Need, type Needs } from './need.ts'
import { type GivenClause, type Literal, type Outcome, search, type SearchView } from './search.ts'

/** Searches for what an encoded request asks, with more facts that must hold. */
export function solve(encoding: Encoding, more: readonly GivenClause<Origin>[] = []): Outcome<Origin> {
  const request: GivenClause<Origin> = { literals: [encoding.root], origin: { kind: 'request' } }
  return search<Origin>(
    {
      variables: encoding.root,
      expand: encoding.clausesOf,
      maxConflicts: SEARCH_CONFLICTS,
      ...chooser(encoding),
    },
    [...more, request],
  )
}

/**
 * The order of decisions. Walks what is chosen, in the order it was chosen: first everything that has one name only, so that most
 * of what is wanted anyway is known before alternatives and providers are chosen, and recommended packages last of all.
 * Three cursors mark up to where each walk has found everything satisfied; they go back when the search does.
 */
function chooser(encoding: Encoding) {
  const walks: readonly ((needs: Needs) => readonly Need[])[] = [
    (needs) => needs.plain,
    (needs) => needs.open,
    (needs) => needs.soft,
  ]
  let cursors = walks.map(() => 0)
  const saved: number[][] = []
  const firstOpen = (needs: readonly Need[], view: SearchView): Literal => {
    for (const need of needs) {
      const choice = choose(encoding, need, view)
      if (choice !== 0) return choice
    }
    return 0
  }
  const advance = (walk: number, view: SearchView): Literal => {
    const pick = walks[walk]
    if (!pick) return 0
    for (let at = cursors[walk] ?? 0; at < view.trail.length; at++) {
      cursors[walk] = at
      const literal = view.trail[at] ?? 0
      if (literal <= 0) continue
      const choice =
        firstOpen(pick(encoding.needsOf(literal)), view) || firstOpen(pick(encoding.awaiting(literal)), view)
      if (choice !== 0) return choice
    }
    cursors[walk] = view.trail.length
    return 0
  }
  return {
    decide(view: SearchView): Literal {
      for (let walk = 0; walk < walks.length; walk++) {
        const literal = advance(walk, view)
        if (literal !== 0) return literal
      }
      return 0
    },
    opened(level: number): void {
      saved[level] = [...cursors]
    },
    undone(level: number): void {
      cursors = [...(saved[level] ?? cursors)]
    },
  }
}

/** The first open choice of a need that nothing satisfies yet, else 0. */
function choose(encoding: Encoding, need: Need, view: SearchView): Literal {
  if (view.value(need.owner) <= 0) return 0
  if (need.conditions.length > 0 && !applies(need, (id) => view.value(encoding.variableOf(id)) > 0)) return 0
  let first = 0
  for (const id of need.choices) {
    const variable = encoding.variableOf(id)
    const value = view.value(variable)
    if (value > 0) return 0
    if (value === 0 && first === 0) first = variable
  }
  return first
}
