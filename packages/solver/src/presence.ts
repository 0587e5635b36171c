import { isErrorCode } from '@holotype/base'
import { listText, pinnedText } from './explain.ts'
import type { Candidate } from './lock.ts'
import { recordOf, satisfiers } from './matching.ts'
import { type Choices, choicesOf } from './policy.ts'
import { relationText } from './relation-text.ts'
import { nearestName, parseWanted } from './request.ts'
import { resolve, universeOf } from './resolve.ts'
import type { CandidateId, Reason, Resolution, ResolveRequest, Universe } from './types.ts'

/** Why a package is in a resolution, or not: each link a sentence, in reading order. */
export interface Presence {
  readonly name: string
  /** Whether it is in. */
  readonly present: boolean
  /** The version that is in, of this name. */
  readonly version?: string
  readonly chain: readonly string[]
}

/** The shortest chain of needs from the request to a package that is in; undefined if none of that name is. */
export function why(resolution: Resolution, name: string): Presence | undefined {
  const found = resolution.packages.find(({ record }) => record.name === name)
  if (!found) return undefined
  const chain: string[] = []
  const versions = new Map(resolution.packages.map(({ record }) => [keyOf(record), record.version]))
  let at: string | undefined = keyOf(found.record)
  for (let reason = resolution.why.get(at); reason; reason = at === undefined ? undefined : resolution.why.get(at)) {
    chain.unshift(linkText(reason, versions))
    at = reason.key
  }
  return { name, present: true, version: found.record.version, chain }
}

function linkText({ by, key, relation }: Reason, versions: ReadonlyMap<string, string>): string {
  if (key !== undefined) return `${by} ${versions.get(key) ?? ''} needs ${relation}`
  return by === 'essential' ? `every installation needs ${relation}` : `${by} asks for ${relation}`
}

/**
 * Why a package, `name` or `name=version`, is not what was chosen: nobody needs it, another was preferred, the policy rules it out, or it cannot be
 * installed beside the rest. `resolution` is what `resolve(request)` gave. If it is in after all, the answer is that of {@link why}.
 * @throws RESOLVE_REQUEST (no such form), RESOLVE_LIMIT
 */
export function whyNot(request: ResolveRequest, resolution: Resolution, wanted: string): Presence {
  const universe = universeOf(request)
  const relation = parseWanted(universe, wanted)
  const { name } = relation
  const there = resolution.packages.filter(({ record }) => record.name === name)
  const present = there.find(({ record }) => fits(universe, record.version, relation.version, relation.operator))
  if (present) {
    const answer = why(resolution, name)
    if (answer) return answer
  }
  const version = there[0]?.record.version
  const absent = (chain: readonly string[]): Presence => ({
    name,
    present: false,
    ...(version === undefined ? {} : { version }),
    chain,
  })
  const ids = satisfiers(universe, relation, universe.architecture).filter((id) => recordOf(universe, id).name === name)
  const first = ids[0]
  if (first === undefined) return absent(notOffered(universe, resolution, name, relationText([relation])))
  const choices = choicesOf(request, universe)
  const bar = choices.barred(first)
  if (bar !== undefined && ids.every((id) => choices.barred(id) !== undefined))
    return absent([barText(universe, choices, { name, bar })])
  try {
    resolve({ ...request, candidates: universe, install: [...request.install, wanted] })
  } catch (error) {
    if (!isErrorCode(error, 'RESOLVE_CONFLICT')) throw error
    return absent([`${relationText([relation])} cannot be chosen with the rest`, ...chainOf(error)])
  }
  const chosen = there[0]
  if (chosen) return absent([preferredText(universe, choices, chosen, universe.candidate(first))])
  return absent(notNeeded({ universe, resolution, name, ids, recommends: request.recommends ?? false }))
}

function chainOf(error: Error): readonly string[] {
  const data: unknown = Reflect.get(error, 'data')
  const chain: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'chain') : undefined
  return Array.isArray(chain) ? chain.filter((link) => typeof link === 'string') : [error.message]
}

function keyOf({ name, architecture }: Candidate['record']): string {
  return `${name}:${architecture}`
}

function fits({ format }: Universe, offered: string, version: string | undefined, operator: string | undefined) {
  return version === undefined || operator === undefined || format.satisfies(offered, operator, version)
}

function notOffered(universe: Universe, resolution: Resolution, name: string, text: string): string[] {
  const offered = [...new Set(universe.named(name).map((id) => recordOf(universe, id).version))]
  if (offered.length > 0)
    return [`no source offers ${text}; offered ${offered.length > 1 ? 'are' : 'is'} ${listText(offered)}`]
  const providers = new Set(universe.providing(name).map(({ candidate }) => recordOf(universe, candidate).name))
  const inside = resolution.packages.filter(({ record }) => providers.has(record.name))
  if (inside.length > 0)
    return [`${name} is no package; ${listText(inside.map(({ record }) => record.name))} provides it, and is in`]
  if (providers.size > 0) return [`${name} is no package; ${listText([...providers])} would provide it`]
  const near = nearestName(universe, name)
  return [`no source offers a package named ${name}${near === undefined ? '' : `; the nearest is ${near}`}`]
}

function barText(
  universe: Universe,
  choices: Choices,
  { name, bar }: { readonly name: string; readonly bar: 'excluded' | 'pinned' | 'held' },
): string {
  if (bar === 'excluded') return `${name} is excluded`
  if (bar === 'pinned') return `${name} is pinned to ${pinnedText(universe, choices, name)}`
  const held = choices.held.find((item) => item.name === name)
  return `${name} is held at ${held?.version ?? 'what is locked'}`
}

/** Why one version was taken and another, which would do as well, was not. */
function preferredText(universe: Universe, choices: Choices, chosen: Candidate, other: Candidate): string {
  const { record } = chosen
  const found = universe.named(record.name).find((id) => universe.candidate(id) === chosen)
  const because = () => {
    if (found !== undefined && choices.isLocked(found)) return 'the earlier lock has it'
    if (chosen.priority !== other.priority)
      return `${chosen.from} has priority ${chosen.priority}, ${other.from} ${other.priority}`
    if (universe.format.compareVersions(record.version, other.record.version) > 0) return 'it is newer'
    return 'it suits what else is needed'
  }
  return `${record.name} ${record.version} from ${chosen.from} is preferred to ${other.record.version}: ${because()}`
}

interface Unneeded {
  readonly universe: Universe
  readonly resolution: Resolution
  readonly name: string
  readonly ids: readonly CandidateId[]
  readonly recommends: boolean
}

/** Who would have liked it, and what was taken instead; or that nobody did. */
function notNeeded({ universe, resolution, name, ids, recommends }: Unneeded): string[] {
  const chosen = new Set(resolution.packages.map(({ record }) => `${keyOf(record)} ${record.version}`))
  const isIn = (id: CandidateId) => chosen.has(`${keyOf(recordOf(universe, id))} ${recordOf(universe, id).version}`)
  for (const { record } of resolution.packages) {
    for (const group of [...record.preDepends, ...record.depends]) {
      if (group.some(({ negated }) => negated)) continue
      const satisfying = group.flatMap((relation) => satisfiers(universe, relation, record.architecture))
      const instead = satisfying.find(isIn)
      if (instead !== undefined && satisfying.some((id) => ids.includes(id)))
        return [
          `${record.name} ${record.version} needs ${relationText(group)}`,
          `${recordOf(universe, instead).name} is in and satisfies that`,
        ]
    }
  }
  if (!recommends) {
    for (const { record } of resolution.packages) {
      for (const group of record.recommends) {
        if (group.some((relation) => relation.name === name))
          return [`${record.name} ${record.version} only recommends it`, 'recommended packages are not asked for']
      }
    }
  }
  return [`${name} is not asked for, and nothing that is in needs it`]
}
