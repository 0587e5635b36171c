import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'
import type { Where } from '../config.ts'
import { countSyncs } from './count-syncs.ts'
import { type Delivered, type Deliverer, type Measure, type Step } from './deliverer.ts'
import { differences, type Listing, listTree } from './listing.ts'
import { damage, type Trees } from './trees.ts'

export interface Rounds {
  readonly where: Where
  /** Where the nodes' directories go. */
  readonly base: string
  readonly rounds: number
  /** What a tree holds, by its path. */
  readonly listings: ReadonlyMap<string, Listing>
  readonly say: (line: string) => void
}

/** What one deliverer's steps cost, one value a round. */
export type Costs = Map<Step, Delivered[]>

const SYNC_TIMEOUT_MS = 10 * 60_000
/** Paths that are named when a tree is not what it should be. */
const NAMED = 10

/** Everybody once a round, each round begun by another, so that a minute in which the machine does something else falls on all. */
export async function measureAll(all: readonly Deliverer[], options: Rounds): Promise<Map<Deliverer, Costs>> {
  const { base, rounds, where } = options
  const costs = new Map<Deliverer, Costs>(all.map((deliverer) => [deliverer, new Map()]))
  for (let round = 0; round < rounds; round++)
    for (const deliverer of [...all.slice(round % all.length), ...all.slice(0, round % all.length)]) {
      if (deliverer.once && round > 0) continue
      const target = join(base, `${round}-${deliverer.name}`)
      const found = await measureOne(deliverer, target, { ...options, compares: round === 0 })
      for (const [step, cost] of found) {
        const those = costs.get(deliverer)
        those?.set(step, [...(those.get(step) ?? []), cost])
      }
      // Making many files soon after deleting many is slow on ext4: there what one made stays to the end.
      if (where === 'memory') rmSync(target, { recursive: true, force: true })
    }
  return costs
}

async function measureOne(
  deliverer: Deliverer,
  target: string,
  options: Rounds & { readonly compares: boolean },
): Promise<Map<Step, Delivered>> {
  const costs = new Map<Step, Delivered>()
  const all = steps(deliverer, target, async (step) => {
    // What somebody left to the kernel is not written in another's time.
    await run(['sync', '--file-system', target], { timeoutMs: SYNC_TIMEOUT_MS })
    const cost = await deliverer.run(step, target)
    if (options.compares) compare(deliverer, target, step, options.listings)
    options.say(`${options.where}, ${step}, ${deliverer.who(step)}: ${said(cost)}`)
    costs.set(step, cost)
  })
  await all.catch((error: unknown) => {
    // A peer that fails has fewer rows; the others are measured all the same.
    if (deliverer.ours) throw error
    options.say(`${deliverer.name} is left out from here on: ${String(error)}`)
  })
  return costs
}

/** How often each step calls for durability: in a round of its own, as counting takes time. Undefined without strace. */
export async function countAll(
  all: readonly Deliverer[],
  { base, say }: Pick<Rounds, 'base' | 'say'>,
): Promise<Map<Deliverer, Map<Step, number>>> {
  const counts = new Map<Deliverer, Map<Step, number>>()
  for (const deliverer of all) {
    const found = new Map<Step, number>()
    const target = join(base, `counted-${deliverer.name}`)
    await steps(deliverer, target, async (step) => {
      found.set(step, await countSyncs((as: Measure) => deliverer.run(step, target, as)))
    }).catch((error: unknown) => say(`what ${deliverer.name} makes durable is not counted: ${String(error)}`))
    counts.set(deliverer, found)
    rmSync(target, { recursive: true, force: true })
  }
  return counts
}

async function steps(deliverer: Deliverer, target: string, once: (step: Step) => Promise<void>): Promise<void> {
  mkdirSync(target, { recursive: true })
  await deliverer.prepare(target)
  let before: Step = 'first'
  for (const step of deliverer.steps) {
    if (step === 'damaged' || step === 'reread') damage(deliverer.rootOf(target, before))
    await once(step)
    before = step
  }
}

/** Nobody is measured who does not end in the tree. @throws Error with the first paths that differ */
function compare(deliverer: Deliverer, target: string, step: Step, listings: ReadonlyMap<string, Listing>): void {
  const { trees, mtimes, name } = deliverer
  const expected = listings.get(step === 'first' ? trees.release : trees.updates)
  if (!expected) throw new Error(`${name} has a tree that nobody looked at`)
  const wrong = differences(expected, listTree(deliverer.rootOf(target, step)), { mtimes })
  if (wrong.length > 0)
    throw new Error(
      `${name} did not end in the tree at ${step}: ${wrong.length} paths: ${wrong.slice(0, NAMED).join('; ')}`,
    )
}

/** What both trees hold, by their paths. */
export function listAll({ release, updates }: Trees): ReadonlyMap<string, Listing> {
  return new Map([release, updates].map((path) => [path, listTree(path)]))
}

function said({ seconds, cpuSeconds = 0, serverSeconds, wireBytes, requests }: Delivered): string {
  const of = requests === undefined ? '' : ` in ${requests} requests`
  return `${seconds.toFixed(2)} s, processor ${cpuSeconds.toFixed(2)} s, of the server ${serverSeconds.toFixed(2)} s, ${(wireBytes / 1e6).toFixed(2)} MB${of}`
}

/** Whether fsyncs can be counted here. */
export const canCount: boolean = existsSync('/usr/bin/strace')
