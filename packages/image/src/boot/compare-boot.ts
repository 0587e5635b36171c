import { compareText } from '@holotype/base'
import type { BootChange, BootOrder } from './types.ts'

/** How the boot differs between two images; an image without an init starts nothing. */
export function compareBoot(before: BootOrder | undefined, after: BootOrder | undefined): BootChange {
  const [old, now] = [namesOf(before), namesOf(after)]
  const [oldOrder, nowOrder] = [ordersOf(before, now), ordersOf(after, old)]
  return {
    added: [...now].filter((name) => !old.has(name)).sort(compareText),
    removed: [...old].filter((name) => !now.has(name)).sort(compareText),
    orderAdded: [...nowOrder].filter((order) => !oldOrder.has(order)).sort(compareText),
    orderRemoved: [...oldOrder].filter((order) => !nowOrder.has(order)).sort(compareText),
  }
}

/** The change in lines, what starts before in which order. Empty when nothing differs. */
export function bootChangeLines({ added, removed, orderAdded, orderRemoved }: BootChange): string[] {
  return [
    ...added.map((name) => `starts at boot: ${name}`),
    ...removed.map((name) => `starts no longer: ${name}`),
    ...orderAdded.map((order) => `now ${order}`),
    ...orderRemoved.map((order) => `no longer ${order}`),
  ]
}

function namesOf(order: BootOrder | undefined): ReadonlySet<string> {
  return new Set(order?.units.map(({ name }) => name))
}

/** Orders between things that the other side starts too: what comes with a new thing is no change of order. */
function ordersOf(order: BootOrder | undefined, other: ReadonlySet<string>): ReadonlySet<string> {
  const orders = new Set<string>()
  for (const { name, after } of order?.units ?? [])
    for (const { unit } of after) if (other.has(name) && other.has(unit)) orders.add(`${name} after ${unit}`)
  return orders
}
