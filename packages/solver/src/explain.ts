import { compareText } from '@holotype/base'
import type { Relation } from '@holotype/formats'
import type { Origin } from './encode.ts'
import { EXPLANATION_LINKS, EXPLANATION_NAMES } from './limits.ts'
import { architectureRank } from './languages.ts'
import { recordOf } from './matching.ts'
import type { Choices } from './policy.ts'
import { relationText } from './relation-text.ts'
import type { CandidateId, Universe } from './types.ts'

interface Contradiction {
  readonly universe: Universe
  readonly choices: Choices
  readonly subject: string
  /** Clauses that cannot all hold, each of them needed for that. */
  readonly origins: readonly Origin[]
}

type NeedsOrigin = Extract<Origin, { kind: 'needs' }>

/** A link before its versions are joined: `nginx`, {1.22, 1.24}, `depends on`, `libc6 (>= 2.40)…`. */
interface Link {
  readonly name: string
  readonly versions: Set<string>
  readonly singular: string
  readonly plural: string
  readonly rest: string
  /** Why nothing satisfies that; ''. Said once, however many versions it stops. */
  readonly reason: string
}

/**
 * The links of a contradiction in reading order: from the request down each branch, then what stands against each other.
 * `web needs nginx` / `nginx 1.22.1-9 depends on libc6 (>= 2.40)` / `the newest offered is 2.36-9 from debian`.
 */
export function explain(contradiction: Contradiction): string[] {
  const links = new Map<string, Link>()
  const seen = new Set<CandidateId | undefined>()
  const needs = Map.groupBy(
    contradiction.origins.filter((origin) => origin.kind === 'needs'),
    ({ owner }) => owner,
  )
  const walk = (owner: CandidateId | undefined) => {
    if (seen.has(owner)) return
    seen.add(owner)
    const branches = (needs.get(owner) ?? []).map((origin) => ({ origin, links: branchLength(needs, origin) }))
    for (const { origin } of branches.sort((a, b) => a.links - b.links)) {
      addLink(links, needsLink(contradiction, origin))
      origin.choices.forEach(walk)
    }
  }
  walk(undefined)
  for (const origin of contradiction.origins) {
    if (origin.kind === 'conflict') addLink(links, conflictLink(contradiction.universe, origin))
  }
  const said = new Set([''])
  const lines = [...links.values()].map((link) => {
    const text = linkText(link)
    if (said.has(link.reason)) return text
    said.add(link.reason)
    return `${text}, ${link.reason}`
  })
  lines.push(...rivalLines(contradiction))
  const shown = lines.slice(0, EXPLANATION_LINKS)
  return lines.length > shown.length ? [...shown, `and ${lines.length - shown.length} more`] : shown
}

/** Links of a branch: the shorter is read first. */
function branchLength(needs: ReadonlyMap<CandidateId | undefined, readonly NeedsOrigin[]>, from: NeedsOrigin): number {
  const seen = new Set<NeedsOrigin>()
  const queue = [from]
  for (let origin = queue.pop(); origin; origin = queue.pop()) {
    if (seen.has(origin)) continue
    seen.add(origin)
    for (const choice of origin.choices) queue.push(...(needs.get(choice) ?? []))
  }
  return seen.size
}

function addLink(links: Map<string, Link>, link: Link): void {
  const key = `${link.name} ${link.singular} ${link.rest} ${link.reason}`
  const known = links.get(key)
  if (!known) links.set(key, link)
  else for (const version of link.versions) known.versions.add(version)
}

function linkText({ name, versions, singular, plural, rest }: Link): string {
  if (versions.size === 0) return `${name} ${singular} ${rest}`
  return `${name} ${listText([...versions])} ${versions.size > 1 ? plural : singular} ${rest}`
}

function needsLink(contradiction: Contradiction, origin: NeedsOrigin): Link {
  const reason = origin.choices.length > 0 ? '' : missingText(contradiction, origin.group)
  const rest = relationText(origin.group)
  if (origin.owner === undefined) {
    const name = origin.account === 'essential' ? 'every installation' : contradiction.subject
    const verb = origin.account === 'held' ? 'holds' : 'needs'
    return { name, versions: new Set(), singular: verb, plural: verb, rest, reason }
  }
  const record = recordOf(contradiction.universe, origin.owner)
  return {
    name: record.name,
    versions: new Set([record.version]),
    singular: 'depends on',
    plural: 'depend on',
    rest,
    reason,
  }
}

/** Why no candidate satisfies any of the alternatives. */
function missingText(contradiction: Contradiction, group: readonly Relation[]): string {
  const wanted = group.filter(({ negated }) => !negated)
  const several = (name: string) => (wanted.length > 1 ? ` of ${name}` : '')
  return [...new Set(wanted.map((relation) => absenceText(contradiction, relation, several(relation.name))))].join(
    ' and ',
  )
}

/** Why nothing that would satisfy one relation may be chosen. `several` names it where it is one of many. */
function absenceText({ universe, choices }: Contradiction, relation: Relation, several: string): string {
  const { name } = relation
  const offered = universe.named(name)
  const bars = new Set(offered.map((id) => choices.barred(id)))
  const newest = offered[0] === undefined ? undefined : universe.candidate(offered[0])
  if (bars.has('excluded')) return `${name} is excluded`
  if (bars.has('held')) return `${name} is held at ${heldAt(choices, name)}`
  if (bars.has('pinned')) return `${name} is pinned to ${pinnedText(universe, choices, name)}`
  const providers = universe.providing(name).map(({ candidate }) => candidate)
  const names = [...new Set(providers.map((id) => recordOf(universe, id).name))]
  if (newest) {
    const foreign = relation.operator === undefined ? ` for ${newest.record.architecture}` : ''
    return `the newest offered${several} is ${newest.record.version}${foreign} from ${newest.from}`
  }
  if (names.length === 0) return `no source offers ${name}`
  if (providers.every((id) => choices.barred(id) !== undefined))
    return `${listText(names)}, which provide${providers.length > 1 ? '' : 's'} it, ${providers.length > 1 ? 'are' : 'is'} excluded`
  return `${listText(names)} provides another version${several}`
}

function heldAt(choices: Choices, name: string): string {
  return listText(choices.held.filter((item) => item.name === name).map(({ version }) => version))
}

/** What a pin leaves to choose; if that is nothing, what it names. */
export function pinnedText(universe: Universe, choices: Choices, name: string): string {
  const left = universe.named(name).filter((id) => choices.barred(id) === undefined)
  if (left.length > 0)
    return listText(left.map((id) => `${recordOf(universe, id).version} from ${universe.candidate(id).from}`))
  const pins = choices.pinsOf(name)
  const texts = pins.map(({ version, from }) => [version, from].filter((part) => part !== undefined).join(' from '))
  return `${listText(texts)}, which ${pins.some(({ from }) => from !== undefined) ? 'does not offer it' : 'no source offers'}`
}

function conflictLink(universe: Universe, origin: Extract<Origin, { kind: 'conflict' }>): Link {
  const record = recordOf(universe, origin.owner)
  const other = recordOf(universe, origin.other)
  const { relation } = origin
  const manner = other.name === relation.name ? 'is' : 'provides'
  const plurals = { 'conflicts with': 'conflict with', breaks: 'break', obsoletes: 'obsolete' } as const
  const plain = other.name === relation.name && relation.operator === undefined
  return {
    name: record.name,
    versions: new Set([record.version]),
    singular: origin.verb,
    plural: plurals[origin.verb],
    rest: plain ? other.name : `${relationText([relation])}, which ${other.name} ${other.version} ${manner}`,
    reason: '',
  }
}

/** One line per name, however many of its versions stand against each other. */
function rivalLines({ universe, origins }: Contradiction): string[] {
  const versions = new Map<string, Set<string>>()
  for (const origin of origins) {
    if (origin.kind !== 'rivals') continue
    for (const id of [origin.one, origin.other]) {
      const { name, version, architecture } = recordOf(universe, id)
      const list = versions.get(name) ?? new Set()
      versions.set(
        name,
        list.add(
          architectureRank(universe.language, universe.architecture, architecture) === 0
            ? version
            : `${version} for ${architecture}`,
        ),
      )
    }
  }
  return [...versions]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, list]) => `only one of ${name} ${listText([...list].sort(compareText))} can be chosen`)
}

export function listText(names: readonly string[]): string {
  const shown = names.slice(0, EXPLANATION_NAMES)
  const more = names.length - shown.length
  if (more > 0) return `${shown.join(', ')} and ${more} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}
