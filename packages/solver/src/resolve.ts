import { compareText } from '@holotype/base'
import { shortenCore } from './core.ts'
import { type Encoding, encode } from './encode.ts'
import { fail } from './errors.ts'
import { explain } from './explain.ts'
import { SEARCH_CONFLICTS } from './limits.ts'
import type { Candidate } from './lock.ts'
import { keepStill } from './minimal-change.ts'
import { type Choices, choicesOf } from './policy.ts'
import { keepNeeded } from './reasons.ts'
import { wantedBy } from './request.ts'
import type { Literal } from './search.ts'
import { solve } from './solve.ts'
import type { CandidateId, Resolution, ResolveRequest, Universe } from './types.ts'
import { prepareUniverse } from './universe.ts'

/**
 * Chooses packages so that everything asked for, and everything each of them depends on, is there and nothing conflicts.
 *
 * Preferred, in this order: what the earlier lock names; the higher priority of a source; the newer version; of alternatives
 * one that is wanted anyway, else the first; of providers one in its preferred version, of the source with the higher priority, of the higher Priority, then
 * by name. Deterministic: the order of `candidates` does not
 * matter. Only what is reached is looked at.
 * @throws RESOLVE_UNKNOWN_PACKAGE, RESOLVE_REQUEST, RESOLVE_LIMIT; RESOLVE_CONFLICT with the chain that leads to the contradiction
 */
export function resolve(request: ResolveRequest): Resolution {
  const universe = universeOf(request)
  const choices = choicesOf(request, universe)
  const wanted = wantedBy(request, universe, choices)
  const encoding = encode({ universe, wanted, choices, recommends: request.recommends ?? false })
  const subject = request.subject ?? 'the request'
  const outcome = solve(encoding)
  if (outcome.kind === 'given-up') {
    throw fail('RESOLVE_LIMIT', {
      what: `no set of packages for ${subject} was found within ${SEARCH_CONFLICTS} conflicts`,
    })
  }
  if (outcome.kind === 'refuted') {
    const chain = explain({ universe, choices, subject, origins: shortenCore(outcome.core) })
    throw fail('RESOLVE_CONFLICT', { what: `these cannot all hold:\n  ${chain.join('\n  ')}`, data: { chain } })
  }
  const trail = request.minimalChange ? moveLeast(universe, choices, encoding, outcome.trail) : outcome.trail
  const { kept, why } = keepNeeded({ universe, encoding, chosen: chosenOf(encoding, trail), subject })
  const packages = [...kept].map((id) => universe.candidate(id)).sort(byNameAndArchitecture)
  return { packages, why }
}

/** The universe of a request, made where only candidates are given. */
export function universeOf({ format, architecture, candidates }: ResolveRequest): Universe {
  return 'named' in candidates ? candidates : prepareUniverse({ format, architecture, candidates })
}

function moveLeast(universe: Universe, choices: Choices, encoding: Encoding, trail: readonly Literal[]) {
  const neededOf = (found: readonly Literal[]) =>
    keepNeeded({ universe, encoding, chosen: chosenOf(encoding, found), subject: '' }).kept
  return keepStill({ universe, choices, encoding, trail, neededOf })
}

function chosenOf(encoding: Encoding, trail: readonly Literal[]): Set<CandidateId> {
  const chosen = new Set<CandidateId>()
  for (const literal of trail) {
    const id = literal > 0 ? encoding.candidateOf(literal) : undefined
    if (id !== undefined) chosen.add(id)
  }
  return chosen
}

function byNameAndArchitecture(a: Candidate, b: Candidate): number {
  return (
    compareText(a.record.name, b.record.name) ||
    compareText(a.record.architecture, b.record.architecture) ||
    compareText(a.record.version, b.record.version)
  )
}
