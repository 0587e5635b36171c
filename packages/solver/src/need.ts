import type { Relation } from '@holotype/formats'
import type { Wanted } from './request.ts'
import type { CandidateId } from './types.ts'

/** A group of alternatives with the candidates that satisfy it, the preferred first. */
export interface Need {
  readonly group: readonly Relation[]
  readonly choices: readonly CandidateId[]
  /** The variable of what has this need. */
  readonly owner: number
  readonly account: Wanted['account'] | 'package'
  /** It is there only while all of these hold (rpm `if`, Supplements). Mostly none. */
  readonly conditions: readonly Condition[]
}

/** Holds while one of `any` is chosen, or `unless` is given and none of it is. */
export interface Condition {
  readonly any: readonly CandidateId[]
  readonly unless?: readonly CandidateId[]
}

/** What a chosen package (or the request) needs. */
export interface Needs {
  /** Must hold; all choices have one name, so that only a version is chosen. */
  readonly plain: readonly Need[]
  /** Must hold; alternatives or providers. */
  readonly open: readonly Need[]
  /** Recommended, or supplementing. */
  readonly soft: readonly Need[]
  /** All that must hold, in the order of the record. */
  readonly hard: readonly Need[]
}

/** Whether a need is there at all, among what `isChosen` says of candidates. Its owner must be chosen too. */
export function applies(need: Need, isChosen: (id: CandidateId) => boolean): boolean {
  return need.conditions.every(
    ({ any, unless }) => any.some(isChosen) || (unless !== undefined && !unless.some(isChosen)),
  )
}
