import { compareText } from '@holotype/base'
import { fail } from '../errors.ts'
import type { ImageFiles } from './image-files.ts'
import { type Dependency, dependenciesOf, hasDefaults, typeOf } from './implied.ts'
import { BOOT_UNITS } from './limits.ts'
import { openUnits, type Unit } from './load-units.ts'
import { layers, shortestCycles } from './graph.ts'
import type { BootEdge, BootOrder, BootProblem } from './types.ts'

/** What the kernel or systemd itself brings, and no file does (systemd.special(7), systemd.device(5), systemd.slice(5)). */
const WITHOUT_FILE = /\.(device|slice|scope)$|^-\.mount$/

/**
 * What systemd starts when an image boots and what each waits for: the transaction of `default.target`, as systemd 252 computes it, without
 * anything that only a running system knows (devices, generators other than those of fstab and init scripts, conditions).
 * @throws IMAGE_MALFORMED: more units than the limit
 */
export function systemdOrder(files: ImageFiles): BootOrder {
  const { load } = openUnits(files)
  const started = new Map<string, { unit: Unit; dependencies: readonly Dependency[]; pulledBy: BootEdge[] }>()
  const absent = new Set<string>()
  const problems: BootProblem[] = []
  const pull = (name: string, by: BootEdge | undefined): void => {
    const unit = load(name)
    if (typeof unit !== 'object') {
      if (by === undefined) problems.push({ kind: 'missing', what: `${name}, which the boot leads to, is not there` })
      else if (!WITHOUT_FILE.test(name)) note(name, unit, by)
      return
    }
    const known = started.get(unit.name)
    if (known) {
      if (by) known.pulledBy.push(by)
      return
    }
    if (started.size >= BOOT_UNITS)
      throw fail('IMAGE_MALFORMED', { what: `more than ${BOOT_UNITS} units start at boot` })
    started.set(unit.name, { unit, dependencies: dependenciesOf(unit), pulledBy: by ? [by] : [] })
    waiting.push(unit.name)
  }
  const note = (name: string, unit: 'masked' | undefined, by: BootEdge): void => {
    if (by.why === 'Requires' || by.why === 'BindsTo')
      problems.push({
        kind: 'missing',
        what: `${by.unit} needs ${name} (${by.why}), which is ${unit ?? 'not in the image'}`,
      })
    else if (unit === undefined) absent.add(`${name}, wanted by ${by.unit}`)
  }
  const waiting: string[] = []
  pull('default.target', undefined)
  for (let at = 0; at < waiting.length; at++) {
    const name = waiting[at] ?? ''
    for (const { how, unit, why } of started.get(name)?.dependencies ?? [])
      if (how === 'Requires' || how === 'Wants') pull(unit, { unit: name, why })
  }
  const realName = (name: string) => {
    const unit = load(name)
    return typeof unit === 'object' && started.has(unit.name) ? unit.name : undefined
  }
  const after = new Map([...started.keys()].map((name) => [name, new Map<string, string>()]))
  const order = (first: string | undefined, second: string | undefined, why: string): void => {
    if (first === undefined || second === undefined || first === second) return
    const edges = after.get(second)
    if (edges && !edges.has(first)) edges.set(first, why)
  }
  for (const [name, { dependencies }] of started)
    for (const { how, unit, why } of dependencies) {
      if (how === 'After') order(realName(unit), name, why)
      if (how === 'Before') order(name, realName(unit), `${why === 'Before' ? 'Before' : why} of ${name}`)
    }
  for (const [name, { unit, dependencies }] of started) {
    if (typeOf(name) !== 'target' || !hasDefaults(unit)) continue
    // A target waits for what it pulls in, unless that is to come after it (systemd.target(5)).
    for (const dependency of dependencies) {
      if (dependency.how !== 'Requires' && dependency.how !== 'Wants') continue
      const other = realName(dependency.unit)
      const pulled = other === undefined ? undefined : started.get(other)?.unit
      if (other === undefined || pulled === undefined || !hasDefaults(pulled)) continue
      if (after.get(other)?.has(name) !== true) order(other, name, `${dependency.why} of a target`)
    }
  }
  problems.push(...shortestCycles(after).map((cycle): BootProblem => ({ kind: 'cycle', what: cycle })))
  const levels = layers(after)
  const goal = load('default.target')
  return {
    schema: 'holotype.boot/1',
    system: 'systemd',
    goal: typeof goal === 'object' ? goal.name : 'default.target',
    units: [...started]
      .map(([name, { unit, pulledBy }]) => ({
        name,
        file: unit.file,
        level: levels.get(name) ?? 0,
        pulledBy: distinct(pulledBy),
        after: [...(after.get(name) ?? [])].map(([other, why]) => ({ unit: other, why })).sort(byUnit),
        conditional: [...unit.settings.keys()].some((key) => key.startsWith('Unit.Condition')),
      }))
      .sort((a, b) => a.level - b.level || compareText(a.name, b.name)),
    absent: [...absent].sort(compareText),
    problems,
  }
}

const byUnit = (a: BootEdge, b: BootEdge) => compareText(a.unit, b.unit) || compareText(a.why, b.why)

function distinct(edges: readonly BootEdge[]): BootEdge[] {
  return [...new Map(edges.map((edge) => [`${edge.unit} ${edge.why}`, edge])).values()].sort(byUnit)
}
