import { compareText, nearest } from '@holotype/base'
import type { Dependencies, Relation } from '@holotype/formats'
import { fail } from './errors.ts'
import { architectureRank } from './languages.ts'
import { obsoletes, recordOf, satisfiers } from './matching.ts'
import type { Choices } from './policy.ts'
import type { CandidateId, ResolveRequest, Universe } from './types.ts'

/** What the request itself needs: a group of alternatives, and on whose account. */
export interface Wanted {
  readonly group: readonly Relation[]
  readonly account: 'install' | 'extra' | 'essential' | 'held'
  /** Candidates that obsolete what is asked for and would do instead. */
  readonly instead?: readonly CandidateId[]
  /** Absent: whatever satisfies the group. */
  readonly among?: readonly CandidateId[]
}

/** A name has no space and no sign of comparison; everything else is left to the format: `perl(Carp)`, `libc.so.6()(64bit)`, `/bin/sh`. */
const FORM = /^([A-Za-z0-9_/][^\s<>=|,&!]*?)(?:(<<|<=|>=|>>|=|<|>)([!-~]+))?$/
const QUALIFIED = /^([A-Za-z0-9][A-Za-z0-9+._-]*):([a-z0-9_-]+)$/
const GROUP = /^@([!-~]+)$/

/**
 * The request as groups of alternatives: the packages asked for, the extra relations, what is held, then the essential packages.
 * @throws RESOLVE_REQUEST, RESOLVE_UNKNOWN_PACKAGE
 */
export function wantedBy(request: ResolveRequest, universe: Universe, choices: Choices): Wanted[] {
  for (const { name } of request.pinned ?? [])
    checkOffered(universe, name, universe.named(name).length > 0, ', and it is pinned')
  const install = request.install.flatMap((text) => wantedPackages(universe, text))
  const extra: Dependencies = request.extra ?? []
  const excluded = new Set(request.exclude)
  const essential = (request.essential ?? true) ? universe.essential.filter((name) => !excluded.has(name)) : []
  return [
    ...install,
    ...extra.map((group): Wanted => ({ group, account: 'extra' })),
    ...choices.held.map(
      ({ name, version }): Wanted => ({ group: [{ name, operator: '=', version }], account: 'held' }),
    ),
    ...essential.map((name): Wanted => ({ group: [{ name }], account: 'essential' })),
  ]
}

function wantedPackages(universe: Universe, text: string): Wanted[] {
  const group = GROUP.exec(text)?.[1]
  if (group !== undefined) return membersOf(universe, group)
  const relation = parseWanted(universe, text)
  checkKnown(universe, relation.name)
  const instead = relation.operator === undefined ? standIns(universe, relation) : []
  return [{ group: [relation], account: 'install', ...(instead.length > 0 ? { instead } : {}) }]
}

/**
 * A request for one package: `name`, `name=1.2-1`, `name:i386>=2`; where architectures are told by suffix (rpm) also `name.i686`.
 * @throws RESOLVE_REQUEST
 */
export function parseWanted(universe: Universe, text: string): Relation {
  const [, subject, operator, version] = FORM.exec(text) ?? []
  if (subject === undefined) throw fail('RESOLVE_REQUEST', { what: `"${text}" is no package name` })
  const [, name = subject, architecture] = QUALIFIED.exec(subject) ?? bySuffix(universe, subject) ?? []
  return {
    name,
    ...(architecture === undefined ? {} : { architecture }),
    ...(operator === undefined || version === undefined ? {} : { operator, version }),
  }
}

function bySuffix(universe: Universe, subject: string): readonly string[] | undefined {
  const { language, architecture: native } = universe
  const dot = subject.lastIndexOf('.')
  if (!language.multilib || dot <= 0 || universe.named(subject).length > 0) return undefined
  const [name, architecture] = [subject.slice(0, dot), subject.slice(dot + 1)]
  const known = architectureRank(language, native, architecture) !== undefined && universe.named(name).length > 0
  return known ? [subject, name, architecture] : undefined
}

/** Each member of a group by name: of the package, what is a member is meant, also where a preferred version is none (as pacman has it). */
function membersOf(universe: Universe, group: string): Wanted[] {
  const members = Map.groupBy(universe.inGroup(group), (id) => recordOf(universe, id).name)
  if (members.size === 0)
    throw fail('RESOLVE_UNKNOWN_PACKAGE', {
      what: `no source offers a package of the group ${group}`,
      data: { package: `@${group}` },
    })
  return [...members].map(([name, among]): Wanted => ({ group: [{ name }], account: 'install', among }))
}

/** What obsoletes the package that a request names: always where that outranks it, else where no source offers the name any more. */
function standIns(universe: Universe, relation: Relation): CandidateId[] {
  const offered = satisfiers(universe, relation, universe.architecture)
  const obsoleters = universe.obsoleting(relation.name)
  const first = universe.named(relation.name)[0]
  if (universe.language.obsoletes === 'gone') return offered.length > 0 ? [] : [...obsoleters]
  return first === undefined ? [...obsoleters] : obsoleters.filter((id) => obsoletes(universe, id, first))
}

function checkKnown(universe: Universe, name: string): void {
  const offered = [universe.named(name), universe.providing(name), universe.obsoleting(name)]
  checkOffered(
    universe,
    name,
    offered.some((list) => list.length > 0),
    '',
  )
}

function checkOffered(universe: Universe, name: string, isOffered: boolean, besides: string): void {
  if (isOffered) return
  const near = nearestName(universe, name)
  throw fail('RESOLVE_UNKNOWN_PACKAGE', {
    what: `no source offers a package named ${name}${besides}${near === undefined ? '' : `; the nearest is ${near}`}`,
    data: { package: name, ...(near === undefined ? {} : { nearest: near }) },
  })
}

/** The package whose name is most like this one. */
export function nearestName(universe: Universe, name: string): string | undefined {
  const known = [...new Set(universe.names())].sort(compareText)
  // A slip of the pen seldom hits the first letter.
  const alike = known.filter((other) => other[0] === name[0])
  return nearest(name, alike) ?? nearest(name, known)
}
