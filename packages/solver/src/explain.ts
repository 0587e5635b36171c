import { compareText } from '@holotype/base'
import type { Relation } from '@holotype/formats'
import type { Origin } from './encode.ts'
import { EXPLANATION_LINKS, EXPLANATION_NAMES } from './limits.ts'
import { recordOf } from './matching.ts'
import { relationText } from './relation-text.ts'
import type { CandidateId, Universe } from './types.ts'

interface Contradiction {
  readonly universe: Universe
  readonly excluded: ReadonlySet<string>
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
}

/**
 * The links of a contradiction in reading order: from the request down each branch, then what stands against each other.
 * `web needs nginx` / `nginx 1.22.1-9 depends on libc6 (>= 2.40)` / `the newest offered is 2.36-9 from debian`.
 */
export function explain(contradiction: Contradiction): string[] {
  const links = new Map<string, Link>()
  const seen = new Set<CandidateId | undefined>()
  const needs = contradiction.origins.filter((origin) => origin.kind === 'needs')
  const walk = (owner: CandidateId | undefined) => {
    if (seen.has(owner)) return
    seen.add(owner)
    for (const origin of needs.filter((one) => one.owner === owner)) {
      addLink(links, needsLink(contradiction, origin))
      origin.choices.forEach(walk)
    }
  }
  walk(undefined)
  for (const origin of contradiction.origins) {
    if (origin.kind === 'conflict') addLink(links, conflictLink(contradiction.universe, origin))
  }
  const lines = [...links.values()].map(linkText)
  lines.push(...rivalLines(contradiction))
  const shown = lines.slice(0, EXPLANATION_LINKS)
  return lines.length > shown.length ? [...shown, `and ${lines.length - shown.length} more`] : shown
}

function addLink(links: Map<string, Link>, link: Link): void {
  const key = `${link.name} ${link.singular} ${link.rest}`
  const known = links.get(key)
  if (!known) links.set(key, link)
  else for (const version of link.versions) known.versions.add(version)
}

function linkText({ name, versions, singular, plural, rest }: Link): string {
  if (versions.size === 0) return `${name} ${singular} ${rest}`
  return `${name} ${listText([...versions])} ${versions.size > 1 ? plural : singular} ${rest}`
}

function needsLink(contradiction: Contradiction, origin: NeedsOrigin): Link {
  const rest = `${relationText(origin.group)}${origin.choices.length > 0 ? '' : `, ${missingText(contradiction, origin.group)}`}`
  if (origin.owner === undefined) {
    const name = origin.account === 'essential' ? 'every installation' : contradiction.subject
    return { name, versions: new Set(), singular: 'needs', plural: 'needs', rest }
  }
  const record = recordOf(contradiction.universe, origin.owner)
  return {
    name: record.name,
    versions: new Set([record.version]),
    singular: 'depends on',
    plural: 'depend on',
    rest,
  }
}

/** Why no candidate satisfies any of the alternatives. */
function missingText({ universe, excluded }: Contradiction, group: readonly Relation[]): string {
  const texts = group.map((relation) => {
    const several = group.length > 1 ? ` of ${relation.name}` : ''
    const offered = universe.byName.get(relation.name) ?? []
    const newest = offered[0] === undefined ? undefined : universe.candidates[offered[0]]
    if (newest && excluded.has(relation.name)) return `${relation.name} is excluded`
    const providers = (universe.providers.get(relation.name) ?? []).map(
      ({ candidate }) => recordOf(universe, candidate).name,
    )
    if (newest) {
      const foreign = relation.operator === undefined ? ` for ${newest.record.architecture}` : ''
      return `the newest offered${several} is ${newest.record.version}${foreign} from ${newest.from}`
    }
    if (providers.length > 0 && providers.every((name) => excluded.has(name)))
      return `${listText([...new Set(providers)])}, which provide${providers.length > 1 ? '' : 's'} it, ${providers.length > 1 ? 'are' : 'is'} excluded`
    if (providers.length > 0) return `${listText([...new Set(providers)])} provides another version${several}`
    return `no source offers ${relation.name}`
  })
  return [...new Set(texts)].join(' and ')
}

function conflictLink(universe: Universe, origin: Extract<Origin, { kind: 'conflict' }>): Link {
  const record = recordOf(universe, origin.owner)
  const other = recordOf(universe, origin.other)
  const { relation } = origin
  const manner = other.name === relation.name ? 'is' : 'provides'
  const plain = other.name === relation.name && relation.operator === undefined
  return {
    name: record.name,
    versions: new Set([record.version]),
    singular: origin.verb,
    plural: origin.verb === 'breaks' ? 'break' : 'conflict with',
    rest: plain ? other.name : `${relationText([relation])}, which ${other.name} ${other.version} ${manner}`,
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
          architecture === universe.architecture || architecture === 'all' ? version : `${version} for ${architecture}`,
        ),
      )
    }
  }
  return [...versions]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, list]) => `only one of ${name} ${listText([...list].sort(compareText))} can be chosen`)
}

function listText(names: readonly string[]): string {
  const shown = names.slice(0, EXPLANATION_NAMES)
  const more = names.length - shown.length
  if (more > 0) return `${shown.join(', ')} and ${more} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}
