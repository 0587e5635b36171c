import { compareText } from '@holotype/base'
import { type Encoding, encode, type Need, type Needs, type Origin } from './encode.ts'
import { fail } from './errors.ts'
import { explain } from './explain.ts'
import { SEARCH_CONFLICTS } from './limits.ts'
import { recordOf } from './matching.ts'
import { keepNeeded } from './reasons.ts'
import { wantedBy } from './request.ts'
import { type Literal, type SearchView, search } from './search.ts'
import { shortenCore } from './core.ts'
import type { Candidate } from './lock.ts'
import type { CandidateId, Resolution, ResolveRequest, Universe } from './types.ts'
import { prepareUniverse } from './universe.ts'

/**
 * Chooses packages so that everything asked for, and everything each of them depends on, is there and nothing conflicts.
 *
 * Preferred, in this order: what the earlier lock names; the higher priority of a source; the newer version; of alternatives
 * one that is wanted anyway, else the first; of providers the one of the higher Priority, then by name. Deterministic: the order of `candidates` does not
 * matter. Only what is reached is looked at.
 * @throws RESOLVE_UNKNOWN_PACKAGE, RESOLVE_REQUEST, RESOLVE_LIMIT; RESOLVE_CONFLICT with the chain that leads to the contradiction
 */
export function resolve(request: ResolveRequest): Resolution {
  const universe = universeOf(request)
  const wanted = wantedBy(request, universe)
  const excluded = new Set(request.exclude)
  const encoding = encode({
    universe,
    wanted,
    excluded,
    recommends: request.recommends ?? false,
    isLocked: lockedIn(request, universe),
  })
  const subject = request.subject ?? 'the request'
  const fact = { literals: [encoding.root], origin: { kind: 'request' } } satisfies {
    literals: Literal[]
    origin: Origin
  }
  const outcome = search<Origin>(
    {
      variables: encoding.root,
      expand: encoding.clausesOf,
      maxConflicts: SEARCH_CONFLICTS,
      ...chooser(encoding),
    },
    [fact],
  )
  if (outcome.kind === 'given-up') {
    throw fail('RESOLVE_LIMIT', {
      what: `no set of packages for ${subject} was found within ${SEARCH_CONFLICTS} conflicts`,
    })
  }
  if (outcome.kind === 'refuted') {
    const chain = explain({ universe, excluded, subject, origins: shortenCore(outcome.core) })
    throw fail('RESOLVE_CONFLICT', { what: chain.join(', '), data: { chain } })
  }
  const chosen = new Set<CandidateId>()
  for (const literal of outcome.trail) {
    const id = literal > 0 ? encoding.candidateOf(literal) : undefined
    if (id !== undefined) chosen.add(id)
  }
  const { kept, why } = keepNeeded({ universe, encoding, chosen, subject, wanted })
  const packages = [...kept].flatMap((id) => universe.candidates[id] ?? []).sort(byNameAndArchitecture)
  return { packages, why }
}

function universeOf({ format, architecture, candidates }: ResolveRequest): Universe {
  return 'byName' in candidates ? candidates : prepareUniverse({ format, architecture, candidates })
}

function lockedIn(request: ResolveRequest, universe: Universe): (id: CandidateId) => boolean {
  const locked = new Set((request.locked ?? []).map(keyOf))
  return (id) => locked.has(keyOf(recordOf(universe, id)))
}

function keyOf(item: { readonly name: string; readonly version: string; readonly architecture: string }): string {
  return `${item.name} ${item.version} ${item.architecture}`
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
  const advance = (walk: number, view: SearchView): Literal => {
    const pick = walks[walk]
    if (!pick) return 0
    for (let at = cursors[walk] ?? 0; at < view.trail.length; at++) {
      cursors[walk] = at
      const literal = view.trail[at] ?? 0
      if (literal <= 0) continue
      for (const need of pick(encoding.needsOf(literal))) {
        const choice = choose(encoding, need, view)
        if (choice !== 0) return choice
      }
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
  let first = 0
  for (const id of need.choices) {
    const variable = encoding.variableOf(id)
    const value = view.value(variable)
    if (value > 0) return 0
    if (value === 0 && first === 0) first = variable
  }
  return first
}

function byNameAndArchitecture(a: Candidate, b: Candidate): number {
  return compareText(a.record.name, b.record.name) || compareText(a.record.architecture, b.record.architecture)
}
