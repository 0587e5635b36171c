import { compareText } from '@holotype/base'
import { SEARCH_CONFLICTS } from '../limits.ts'
import { type Literal, search } from '../search.ts'
import { type Member, type Rule, rulesOf } from './rules.ts'
import type { ClosedSteps, ClosedStepsOptions, StepMove, Tie } from './types.ts'

/** What has moved, and what may move now. */
interface State {
  readonly members: readonly Member[]
  readonly rules: readonly Rule[]
  /** The rules that a variable may break by becoming true. */
  readonly breakable: ReadonlyMap<number, readonly Rule[]>
  readonly moved: ReadonlySet<number>
  /** Variables, the hardest first. */
  readonly open: readonly number[]
}

/**
 * Cuts the way from one set of packages to another into steps, so that after each one every relation of every package holds, every soname that a
 * file needs is there, no path is two packages', and what both ends have (a package, a file, a library) is there. No step holds a smaller one
 * that could be taken alone; of the steps that can be taken the easiest found comes first. Pure and deterministic.
 *
 * There always is a next step: all that is left, at once, leads to the end, which holds. Only what is kept to the end can hold others back: they are the rest.
 */
export function closedSteps(options: ClosedStepsOptions): ClosedSteps {
  const { members, rules } = rulesOf(options)
  const effort = (variable: number) => effortOf(members, [variable])
  const label = (variable: number) => labelOf(members[variable - 1])
  const kept = new Set(options.kept)
  const movable = [...members.keys()]
    .map((place) => place + 1)
    .filter((variable) => members[variable - 1]?.change !== 'stays')
    .sort((a, b) => compareEffort(effort(b), effort(a)) || compareText(label(b), label(a)))
  const breakable = new Map<number, Rule[]>()
  for (const rule of rules) {
    for (const literal of rule.literals) {
      if (literal > 0) continue
      const list = breakable.get(-literal)
      if (list) list.push(rule)
      else breakable.set(-literal, [rule])
    }
  }
  const moved = new Set<number>()
  const steps: StepMove[][] = []
  let open = movable.filter((variable) => {
    const member = members[variable - 1]
    return member?.change === 'comes' || !kept.has(member?.package.candidate.record.name ?? '')
  })
  while (open.length > 0) {
    const state: State = { members, rules, breakable, moved, open }
    const step = easiestStep(state)
    if (step === undefined) break
    steps.push(movesOf(state, step))
    for (const variable of step) moved.add(variable)
    open = open.filter((variable) => !moved.has(variable))
  }
  const rest = movable.filter((variable) => !moved.has(variable))
  return {
    steps,
    rest: sortedMoves(
      members,
      rest.map((variable) => ({ variable })),
    ),
  }
}

/** A step that costs little and holds no smaller one; undefined if none can be taken. */
function easiestStep(state: State): readonly number[] | undefined {
  let best: { readonly step: readonly number[]; readonly effort: readonly number[] } | undefined
  for (const variable of state.open.toReversed()) {
    // Efforts are summed: no step with this variable is easier than it alone.
    if (best && compareEffort(effortOf(state.members, [variable]), best.effort) >= 0) break
    const step = smallestWith(state, variable, { among: state.open, decideAll: false })
    if (step === undefined) continue
    const effort = effortOf(state.members, step)
    if (!best || compareEffort(effort, best.effort) < 0) best = { step, effort }
  }
  return best && shrunk(state, best.step)
}

/** Each of a step's variables is asked for the smallest step within it, until that is all of it for every one. */
function shrunk(state: State, step: readonly number[]): readonly number[] {
  for (const variable of step.toReversed()) {
    const within = smallestWith(state, variable, { among: step, decideAll: true })
    if (within && within.length < step.length) return shrunk(state, within)
  }
  return step
}

interface Range {
  /** Variables that may move, the hardest first. */
  readonly among: readonly number[]
  /** Also those that no rule asks for yet. */
  readonly decideAll: boolean
}

/**
 * A set of variables with this one after which every rule holds; undefined if there is none. The hardest are decided first, each against moving. Where
 * all are decided, the answer is therefore the least by that order, and no part of it with this variable would do; where only those are that a
 * rule reached, it mostly is.
 */
function smallestWith(state: State, variable: number, { among, decideAll }: Range): readonly number[] | undefined {
  const { moved, breakable, members } = state
  const allowed = new Set(among)
  const reached = new Set<number>()
  const remaining = (literals: readonly Literal[]): Literal[] | undefined => {
    const left: Literal[] = []
    for (const literal of literals) {
      const name = Math.abs(literal)
      if (allowed.has(name)) left.push(literal)
      else if (moved.has(name) === literal > 0) return undefined
    }
    return left
  }
  const outcome = search<undefined>(
    {
      variables: members.length,
      maxConflicts: SEARCH_CONFLICTS,
      expand: (expanded) =>
        (breakable.get(expanded) ?? []).flatMap((rule) => {
          const literals = remaining(rule.literals)
          for (const literal of literals ?? []) if (literal > 0) reached.add(literal)
          return literals ? [{ literals, origin: undefined }] : []
        }),
      decide: (view) => -(among.find((each) => (decideAll || reached.has(each)) && view.value(each) === 0) ?? 0),
    },
    [{ literals: [variable], origin: undefined }],
  )
  if (outcome.kind !== 'satisfied') return undefined
  const chosen = new Set(outcome.trail.filter((literal) => literal > 0))
  return among.filter((each) => chosen.has(each))
}

function movesOf(state: State, step: readonly number[]): StepMove[] {
  const { members } = state
  const nameOf = (variable: number) => {
    const record = members[variable - 1]?.package.candidate.record
    return `${record?.name} ${record?.architecture}`
  }
  // Of one name, what goes and what comes are one to whoever reads why.
  const ties = new Map(
    [...new Set(step.map(nameOf))].map((name) => [
      name,
      tieOf(
        state,
        step.filter((other) => nameOf(other) !== name),
      ),
    ]),
  )
  const moves = step.map((variable) => {
    const tie = ties.size > 1 ? ties.get(nameOf(variable)) : undefined
    return { variable, ...(tie ? { tie } : {}) }
  })
  return sortedMoves(members, moves)
}

/** What breaks when a part of a step is all of it. That something is missing says least. */
function tieOf({ rules, moved }: State, part: readonly number[]): Tie | undefined {
  const isTrue = (literal: Literal) => {
    const name = Math.abs(literal)
    return (moved.has(name) || part.includes(name)) === literal > 0
  }
  const ties = rules.filter(({ literals }) => !literals.some(isTrue)).map(({ tie }) => tie)
  return ties.find(({ kind }) => kind !== 'lasting') ?? ties[0]
}

function sortedMoves(
  members: readonly Member[],
  moves: readonly { readonly variable: number; readonly tie?: Tie }[],
): StepMove[] {
  return moves
    .flatMap(({ variable, tie }): StepMove[] => {
      const member = members[variable - 1]
      return member && member.change !== 'stays'
        ? [{ change: member.change, package: member.package, ...(tie ? { tie } : {}) }]
        : []
    })
    .sort((a, b) => compareText(labelOf(a), labelOf(b)))
}

/** `goes` sorts after `comes`: turned around, so that of one name the old one stands first. */
function labelOf(move: Pick<Member, 'package' | 'change'> | undefined): string {
  const record = move?.package.candidate.record
  return `${record?.name} ${record?.architecture} ${move?.change === 'goes' ? 0 : 1}`
}

function effortOf(members: readonly Member[], variables: readonly number[]): number[] {
  const sum: number[] = []
  for (const variable of variables) {
    for (const [at, value] of (members[variable - 1]?.package.effort ?? []).entries()) sum[at] = (sum[at] ?? 0) + value
  }
  return sum
}

function compareEffort(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
