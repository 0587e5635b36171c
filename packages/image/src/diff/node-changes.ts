import { compareText, compileGlobs, type Digest } from '@holotype/base'
import { type Store, walkTree } from '@holotype/store'
import { z } from 'zod'
import { readManifest } from '../manifest.ts'
import type { FactChange, HealthChecks, ImageManifest, ImageTrigger, NodeChange, ThrottleSettings } from '../types.ts'
import { factChanges } from './fact-changes.ts'
import type { Facts } from './plugins/types.ts'
import { type Concern, compareRisk, weigh } from './risk.ts'

/** What nodes run is shown whole: a reviewer must not miss how it ends. */
const WHOLE = { values: Number.POSITIVE_INFINITY, length: Number.POSITIVE_INFINITY } as const

/**
 * All that two manifests tell nodes besides their trees: triggers, exclusions, health checks, throttle, hard links. Highest risk first.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED, TREE_INVALID
 */
export function nodeChanges(store: Store, from: Digest, to: Digest): NodeChange[] {
  const [before, after] = [readManifest(store, from), readManifest(store, to)]
  const changes = [
    ...triggerChanges(before.triggers, after.triggers),
    ...exclusionChanges(store, before, after),
    ...changeOf({ part: 'health', ...sidesOf(healthFacts, before.health, after.health) }, healthConcerns),
    ...changeOf({ part: 'throttle', ...sidesOf(throttleFacts, before.throttle, after.throttle) }, () => [
      { risk: 'medium', reason: 'how fast nodes come to an image, and what their other work feels of it' },
    ]),
    ...hardlinkChanges(store, before, after),
  ]
  return changes.sort((a, b) => compareRisk(a.risk, b.risk))
}

interface Subject {
  readonly part: NodeChange['part']
  readonly name?: string
  readonly before: Facts | undefined
  readonly after: Facts | undefined
}

function sidesOf<Value>(factsOf: (value: Value) => Facts, before: Value | undefined, after: Value | undefined) {
  return { before: before && factsOf(before), after: after && factsOf(after) }
}

/** Nothing where both sides say the same. */
function changeOf(
  { before, after, ...subject }: Subject,
  concernsOf: (facts: FactChange[]) => Concern[],
): NodeChange[] {
  const facts = factChanges(before ?? {}, after ?? {}, WHOLE)
  if (facts.length === 0) return []
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  return [{ kind: 'node', ...weigh(concernsOf(facts)), change, ...subject, facts }]
}

function triggerChanges(before: readonly ImageTrigger[], after: readonly ImageTrigger[]): NodeChange[] {
  const [old, next] = [byName(before), byName(after)]
  const names = [...new Set([...old.keys(), ...next.keys()])].sort(compareText)
  const each = names.flatMap((name) => {
    const sides = sidesOf(triggerFacts, old.get(name), next.get(name))
    const reason = next.has(name)
      ? 'nodes run it as root when one of its paths changes'
      : 'nodes run it no more: what it told goes on with what was'
    return changeOf({ part: 'trigger', name, ...sides }, () => [{ risk: 'high', reason }])
  })
  const orderOf = (triggers: readonly ImageTrigger[]) => ({
    order: triggers.flatMap(({ name }) => (old.has(name) && next.has(name) ? [name] : [])).join(', '),
  })
  const order = changeOf({ part: 'triggers', before: orderOf(before), after: orderOf(after) }, () => [
    { risk: 'medium', reason: 'nodes run them one after another in this order' },
  ])
  return [...each, ...order]
}

function byName(triggers: readonly ImageTrigger[]): Map<string, ImageTrigger> {
  return new Map(triggers.map((trigger) => [trigger.name, trigger]))
}

function triggerFacts({ paths, run, when, timeout }: ImageTrigger): Facts {
  return { run: commandLine(run), when, paths, timeout: `${timeout} s` }
}

/** An argument vector on one line, each argument told apart from the next. */
function commandLine(run: readonly string[]): string {
  return run.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
}

function exclusionChanges(store: Store, before: ImageManifest, after: ImageManifest): NodeChange[] {
  const [old, next] = [new Set(before.exclusions), new Set(after.exclusions)]
  const exclusion = { kind: 'node', part: 'exclusion', facts: [] } as const
  const lost = [...old.difference(next)].sort(compareText).map((name): NodeChange => {
    const reason = 'it was left to the node: what nodes have there and the image has not is deleted'
    return { ...exclusion, ...weigh([{ risk: 'high', reason }]), change: 'removed', name }
  })
  const come = [...next.difference(old)].sort(compareText)
  const paths = come.length === 0 ? [] : Array.from(walkTree(store, after.root.tree), ({ path }) => `/${path}`)
  const added = come.map((name): NodeChange => {
    const covered = paths.filter(compileGlobs([name]))
    const reason = `nodes neither update nor verify them any more: ${covered.length} of the image's paths, ${covered[0]} among them`
    const concern: Concern =
      covered.length === 0
        ? { risk: 'medium', reason: 'what lies there is left to the node' }
        : { risk: 'high', reason }
    return { ...exclusion, ...weigh([concern]), change: 'added', name }
  })
  return [...lost, ...added]
}

function healthFacts({ units, ports, commands, http, grace }: HealthChecks): Facts {
  return {
    commands: commands.map(({ run, timeout }) => `${commandLine(run)} (${timeout} s)`),
    units,
    ports,
    http: http.map(({ url, status, timeout }) => `${url} answers ${status} (${timeout} s)`),
    grace: `${grace} s`,
  }
}

function healthConcerns(facts: readonly FactChange[]): Concern[] {
  const runs = facts.some(({ name, added = [] }) => name === 'commands' && added.length > 0)
  const asksLess = facts.some(({ name, removed = [] }) => name === 'grace' || removed.length > 0)
  return [
    ...(runs ? [{ risk: 'high', reason: 'nodes run the commands as root' } as const] : []),
    ...(asksLess
      ? [{ risk: 'medium', reason: 'nodes go back from a bad image later, or not at all' } as const]
      : [{ risk: 'low', reason: 'nodes go back to the image before when a check fails' } as const]),
  ]
}

function throttleFacts({ network, disk, pressure = {} }: ThrottleSettings): Facts {
  const rate = (bytes: number | undefined) => (bytes === undefined ? '' : `${bytes} B/s`)
  const share = (percent: number | undefined) => (percent === undefined ? '' : `${percent} %`)
  return {
    network: rate(network),
    disk: rate(disk),
    'pressure of cpu': share(pressure.cpu),
    'pressure of io': share(pressure.io),
    'pressure of memory': share(pressure.memory),
  }
}

const groupsSchema = z.array(z.array(z.string()))

/** Names that become one file, or that no longer are. Thousands may be: they are bounded as lists within files are. */
function hardlinkChanges(store: Store, before: ImageManifest, after: ImageManifest): NodeChange[] {
  if (before.hardlinks === after.hardlinks) return []
  const groupsOf = ({ hardlinks }: ImageManifest) =>
    hardlinks === undefined ? [] : groupsSchema.parse(store.readJson(hardlinks)).map((names) => names.join(' = '))
  const facts = factChanges({ files: groupsOf(before) }, { files: groupsOf(after) })
  const reason = 'names of one file: what is written by one name is written by all'
  return [{ kind: 'node', ...weigh([{ risk: 'low', reason }]), change: 'changed', part: 'hardlinks', facts }]
}
