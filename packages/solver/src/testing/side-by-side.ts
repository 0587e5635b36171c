import { isErrorCode } from '@holotype/base'
import { resolve } from '../resolve.ts'
import type { Universe } from '../types.ts'
import type { RandomRequest } from './random-packages.ts'

/** Packages as `name version`, sorted; null: there is no such set. */
export type Answer = readonly string[] | null

export function ourAnswer(universe: Universe, request: RandomRequest): Answer {
  const { format, architecture } = universe
  try {
    const { packages } = resolve({ format, architecture, candidates: universe, essential: false, ...request })
    return packages.map(({ record }) => `${record.name} ${record.version}`).sort()
  } catch (error) {
    if (isErrorCode(error, 'RESOLVE_CONFLICT') || isErrorCode(error, 'RESOLVE_UNKNOWN_PACKAGE')) return null
    throw error
  }
}

/** How two answers stand to each other: the same (both refuse, or one set), another choice among sets, or no agreement on whether there is one. */
export function comparison(
  ours: Answer,
  theirs: Answer,
): 'same' | 'refused' | 'choice' | 'we alone refuse' | 'they alone refuse' {
  if (ours === null) return theirs === null ? 'refused' : 'we alone refuse'
  if (theirs === null) return 'they alone refuse'
  return ours.join() === theirs.join() ? 'same' : 'choice'
}

/** A request for every package of a set, in the version it has there. */
export function exactly(answer: readonly string[]): RandomRequest {
  return { install: answer.map((item) => item.replace(' ', '=')) }
}
