import { compareText, type Progress, runTask } from '@holotype/base'
import { formatOf, type FormatName, renamer } from '@holotype/formats'
import { closedSteps, type Lock, type LockedPackage, type StepMove, type StepPackage } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { packageHazards } from '../hazards/find-hazards.ts'
import type { HazardRule } from '../hazards/rule.ts'
import { type ConvertedPackage, convertSide } from './convert-side.ts'
import { SCRIPTED_SHOWN } from './limits.ts'
import { holdsLayout, readSide, type SidePackage } from './read-side.ts'
import { placesTaken, standIns, type Surroundings } from './stand-ins.ts'
import type { Migration, MigrationMove, MigrationStep } from './types.ts'
import { weigh } from './weigh.ts'

export interface PlanMigrationOptions {
  readonly store: Store
  /** The lock of the image that is there, and the one that it becomes; the store has the package files of both. */
  readonly from: Lock
  readonly to: Lock
  /** What the names of a .deb are called where rpm is used, and the other way round (`convert.yaml`). */
  readonly names: { readonly rpm: Readonly<Record<string, string>>; readonly deb: Readonly<Record<string, string>> }
  /** Packages with scripts are converted as well: somebody has read them. */
  readonly allowScripts: boolean
  readonly hazardRules: readonly HazardRule[]
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/** A format's own package manager. */
const MANAGERS: Readonly<Record<FormatName, readonly string[]>> = {
  deb: ['dpkg', 'apt'],
  rpm: ['rpm', 'dnf', 'microdnf', 'yum', 'zypper'],
  alpm: ['pacman'],
  xbps: ['xbps'],
}

/** The package manager, and the layout of the root that its packages assume. */
function keptToTheEnd(format: FormatName, before: readonly SidePackage[]): string[] {
  return [...MANAGERS[format], ...before.filter(holdsLayout).map(({ record }) => record.name)]
}

/** What comes in the end, in the format that is there. */
interface Arriving {
  readonly side: readonly SidePackage[]
  /** By its package; empty where the format is the same. */
  readonly converted: ReadonlyMap<SidePackage, ConvertedPackage>
  /** Of what is there, by its name: what takes its place under another. */
  readonly successors: ReadonlyMap<string, readonly string[]>
}

/**
 * Cuts the way from one lock to another into the smallest steps whose every intermediate image holds: no relation of a package, no soname and no
 * path is broken, and what both images have is in every one between. Where the format differs, packages come converted, and the package manager moves last.
 * @throws MIGRATION_REFUSED, UNPACK_FAILED, OBJECT_MISSING (a package file was never fetched), CONVERT_REFUSED, PACKAGE_*, DISK_FULL, the signal's reason
 */
export async function planMigration(options: PlanMigrationOptions): Promise<Migration> {
  const { store, from, to, progress, signal } = options
  refuseStrangers(from, to)
  const before = await readSide({ store, lock: from, progress, signal })
  const { side: after, converted, successors } = await arriving(options, before)
  const rules = { format: from.format, rules: options.hazardRules }
  const efforts = new Map([
    ...weigh(before, { ...rules, against: after }),
    ...weigh(after, { ...rules, against: before }),
  ])
  const sides = new Map<StepPackage, SidePackage>()
  const stepPackage = (item: SidePackage): StepPackage => {
    const { record, files, sonames, locked } = item
    const made = {
      candidate: { record, from: locked.from, priority: 0 },
      files,
      sonames,
      effort: efforts.get(item) ?? [],
    }
    sides.set(made, item)
    return made
  }
  const plan = await runTask(progress, { title: 'cut into steps' }, async () =>
    closedSteps({
      format: formatOf(from.format),
      architecture: from.architecture,
      before: before.map(stepPackage),
      after: after.map(stepPackage),
      successors,
      kept: from.format === to.format ? [] : keptToTheEnd(from.format, before),
    }),
  )
  const locks = lockMaker(from, to)
  const steps: MigrationStep[] = []
  let now = from.packages
  for (const moves of plan.steps) {
    const going = new Set(moves.filter(({ change }) => change === 'goes').map((move) => sideOf(move).locked.sha256))
    const coming = moves.filter(({ change }) => change === 'comes').map((move) => sideOf(move))
    const next = [
      ...now.filter(({ sha256 }) => !going.has(sha256)),
      ...coming.map(({ locked }) => locks.arrived(locked)),
    ]
    const hazards = hazardsOf(now, next)
    const notCarried = coming.flatMap((item) =>
      (converted.get(item)?.notes ?? []).map((note) => ({ package: item.locked.name, ...note })),
    )
    steps.push({
      number: steps.length + 1,
      kind: 'packages',
      moves: movesOf(moves),
      hazards,
      notCarried,
      lock: locks.lock(next),
    })
    now = next
  }
  const last = steps.at(-1)
  if (from.format === to.format && last) steps[steps.length - 1] = { ...last, lock: to }
  if (from.format !== to.format) {
    const hazards = hazardsOf(now, to.packages)
    steps.push({
      number: steps.length + 1,
      kind: 'format',
      moves: movesOf(plan.rest),
      hazards,
      notCarried: [],
      lock: to,
    })
  }
  const files = new Set(after.map(({ locked }) => locked.sha256))
  return {
    from: { image: from.image, format: from.format, packages: from.packages.length },
    to: { image: to.image, format: to.format, packages: to.packages.length },
    same: before.filter(({ locked }) => files.has(locked.sha256)).length,
    steps,
  }

  function sideOf(move: StepMove): SidePackage {
    const side = sides.get(move.package)
    if (!side) throw new RangeError(`${move.package.candidate.record.name} is of no side`)
    return side
  }
  function hazardsOf(old: readonly LockedPackage[], next: readonly LockedPackage[]) {
    const format = formatOf(from.format)
    return packageHazards({ format, packages: old }, { format, packages: next }, options.hazardRules)
  }
  function movesOf(moves: readonly StepMove[]): MigrationMove[] {
    return movesByName(moves, (move) => move.change === 'comes' && converted.has(sideOf(move)))
  }
}

/** @throws MIGRATION_REFUSED */
function refuseStrangers(from: Lock, to: Lock): void {
  const both = [from.format, to.format]
  const convertible = both.every((format) => format === 'deb' || format === 'rpm')
  if (from.format !== to.format && !convertible)
    throw fail('MIGRATION_REFUSED', {
      what: `${from.format} packages cannot be mixed with ${to.format} packages: only deb and rpm are converted into each other`,
    })
  if (from.format === to.format && from.architecture !== to.architecture)
    throw fail('MIGRATION_REFUSED', {
      what: `${from.image} is for ${from.architecture}, ${to.image} for ${to.architecture}`,
    })
}

async function arriving(
  { store, from, to, names, allowScripts, progress, signal }: PlanMigrationOptions,
  before: readonly SidePackage[],
): Promise<Arriving> {
  const native = await readSide({ store, lock: to, progress, signal })
  if (from.format === to.format) return { side: native, converted: new Map(), successors: new Map() }
  const scripted = native.filter(({ scripts }) => scripts > 0).map(({ record }) => record.name)
  if (scripted.length > 0 && !allowScripts) throw scriptsUnread(scripted, to)
  const [toHere, toThere] = from.format === 'rpm' ? [names.rpm, names.deb] : [names.deb, names.rpm]
  const surroundings: Surroundings = {
    asked: before.flatMap(({ record }) => [...record.preDepends, ...record.depends].flat()),
    names: new Set(before.map(({ record }) => record.name)),
    here: renamer(toHere),
    there: renamer(toThere),
  }
  const converted = await convertSide({
    store,
    format: to.format,
    to: from.format,
    packages: native.map((item) => ({ locked: item.locked, provides: standIns(store, item, surroundings) })),
    names: toHere,
    progress,
    signal,
  })
  const packages = converted.map(({ locked }) => locked)
  const side = await readSide({ store, lock: { ...from, packages }, progress, signal })
  const foreign = side.find(
    ({ locked: { architecture } }) => !['all', 'noarch', from.architecture].includes(architecture),
  )
  if (foreign)
    throw fail('MIGRATION_REFUSED', {
      what: `${foreign.locked.name} is for ${foreign.locked.architecture}, ${from.image} for ${from.architecture}`,
    })
  const successors = new Map<string, string[]>()
  for (const { record } of native) {
    for (const name of placesTaken(record.name, surroundings))
      successors.set(name, [...(successors.get(name) ?? []), record.name])
  }
  return {
    side,
    converted: new Map(side.flatMap((item, at) => (converted[at] ? [[item, converted[at]] as const] : []))),
    successors,
  }
}

function scriptsUnread(names: readonly string[], { image }: Lock): Error {
  const shown = names.slice(0, SCRIPTED_SHOWN).join(', ')
  const more = names.length > SCRIPTED_SHOWN ? ` and ${names.length - SCRIPTED_SHOWN} more` : ''
  return fail('MIGRATION_REFUSED', {
    what: `packages of ${image} have scripts, which would be converted: ${shown}${more}`,
    hint: 'read what they do; `--scripts` takes them along',
    data: { packages: names },
  })
}

/** The locks of intermediate images: those of the old image's name, with the snapshots of both. */
function lockMaker(
  from: Lock,
  to: Lock,
): {
  readonly arrived: (locked: LockedPackage) => LockedPackage
  readonly lock: (packages: readonly LockedPackage[]) => Lock
} {
  // One upstream of two states: the one that arrives is told apart by the image it is for.
  const renamed = new Map(
    Object.entries(to.snapshots).map(([name, digest]) => {
      const taken = from.snapshots[name] !== undefined && from.snapshots[name] !== digest
      return [name, { name: taken ? `${to.image}/${name}` : name, digest }] as const
    }),
  )
  const snapshots = {
    ...from.snapshots,
    ...Object.fromEntries([...renamed.values()].map(({ name, digest }) => [name, digest])),
  }
  return {
    arrived: (locked) => ({ ...locked, from: renamed.get(locked.from)?.name ?? locked.from }),
    lock: (packages) => {
      const used = new Set(packages.map((locked) => locked.from))
      return {
        ...from,
        snapshots: Object.fromEntries(Object.entries(snapshots).filter(([name]) => used.has(name))),
        packages: packages.toSorted(
          (a, b) => compareText(a.name, b.name) || compareText(a.architecture, b.architecture),
        ),
      }
    },
  }
}

/** Of one name and architecture, what goes and what comes are one move. */
function movesByName(moves: readonly StepMove[], isConverted: (move: StepMove) => boolean): MigrationMove[] {
  const keyOf = ({
    package: {
      candidate: { record },
    },
  }: StepMove) => `${record.name} ${record.architecture}`
  return [...Map.groupBy(moves, keyOf).values()].flatMap((group): MigrationMove[] => {
    const [gone, come] = [group.find(({ change }) => change === 'goes'), group.find(({ change }) => change === 'comes')]
    const record = (come ?? gone)?.package.candidate.record
    if (!record) return []
    const tie = come?.tie ?? gone?.tie
    return [
      {
        change: gone && come ? 'replaced' : come ? 'added' : 'removed',
        name: record.name,
        architecture: record.architecture,
        ...(gone ? { from: gone.package.candidate.record.version } : {}),
        ...(come ? { to: come.package.candidate.record.version } : {}),
        ...(come && isConverted(come) ? { converted: true } : {}),
        ...(tie ? { tie } : {}),
      },
    ]
  })
}
