import type { BootOrder } from './types.ts'

/** For each unit what it waits for and no other thing it waits for does already: the edges worth drawing (transitive reduction). */
export function reducedEdges({ units }: Pick<BootOrder, 'units'>): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, ReadonlySet<string>>()
  const reduced = new Map<string, readonly string[]>()
  // By level: all that a unit waits for has been seen before it. A cycle's own edges are left out, they are reported.
  for (const { name, after } of units) {
    const direct = after.map(({ unit }) => unit).filter((unit) => known.has(unit))
    const all = new Set(direct)
    for (const unit of direct) for (const other of known.get(unit) ?? []) all.add(other)
    known.set(name, all)
    reduced.set(
      name,
      direct.filter((unit) => !direct.some((other) => known.get(other)?.has(unit))),
    )
  }
  return reduced
}
