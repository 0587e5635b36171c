import { compareText } from '@holotype/base'

/** By node: what it waits for, with why. */
export type Waits = ReadonlyMap<string, ReadonlyMap<string, string>>

/** The steps of the longest way to each node from one that waits for nothing; nodes of a cycle count each other as done. */
export function layers(waits: Waits): Map<string, number> {
  const levels = new Map<string, number>()
  for (const group of components(waits)) {
    const within = new Set(group)
    let level = 0
    for (const node of group)
      for (const other of waits.get(node)?.keys() ?? [])
        if (!within.has(other)) level = Math.max(level, (levels.get(other) ?? 0) + 1)
    for (const node of group) levels.set(node, level)
  }
  return levels
}

/** One shortest cycle of each group of nodes that wait for each other, in words. */
export function shortestCycles(waits: Waits): string[] {
  return components(waits)
    .filter((group) => group.length > 1)
    .map((group) => {
      const within = new Set(group)
      const cycles = group.toSorted(compareText).flatMap((node) => {
        const cycle = cycleFrom(waits, within, node)
        return cycle === undefined ? [] : [cycle]
      })
      const [shortest = []] = cycles.sort((a, b) => a.length - b.length)
      return shortest
        .map((node, index) => {
          const other = shortest[(index + 1) % shortest.length] ?? node
          return `${index === 0 ? `${node} ` : ''}after ${other} (${waits.get(node)?.get(other) ?? ''})`
        })
        .join(', ')
    })
}

function cycleFrom(waits: Waits, within: ReadonlySet<string>, start: string): string[] | undefined {
  const from = new Map<string, string>()
  const queue = [start]
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] ?? ''
    for (const other of waits.get(node)?.keys() ?? []) {
      if (other === start) {
        const way = [node]
        for (let back = from.get(node); back !== undefined; back = from.get(back)) way.unshift(back)
        return way
      }
      if (!within.has(other) || from.has(other)) continue
      from.set(other, node)
      queue.push(other)
    }
  }
  return undefined
}

/** Groups of nodes that wait for each other, a group after all that it waits for (Tarjan 1972, without recursion). */
function components(waits: Waits): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const groups: string[][] = []
  for (const root of waits.keys()) {
    if (index.has(root)) continue
    const work = [{ node: root, rest: [...(waits.get(root)?.keys() ?? [])] }]
    enter(root)
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const other = frame.rest.pop()
      if (other === undefined) {
        work.pop()
        const { node } = frame
        const parent = work.at(-1)?.node
        if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(node) ?? 0))
        if (low.get(node) === index.get(node)) groups.push(leave(node))
      } else if (!index.has(other)) {
        enter(other)
        work.push({ node: other, rest: [...(waits.get(other)?.keys() ?? [])] })
      } else if (onStack.has(other)) {
        low.set(frame.node, Math.min(low.get(frame.node) ?? 0, index.get(other) ?? 0))
      }
    }
  }
  return groups

  function enter(node: string): void {
    index.set(node, index.size)
    low.set(node, index.get(node) ?? 0)
    stack.push(node)
    onStack.add(node)
  }

  function leave(node: string): string[] {
    const group = stack.splice(stack.lastIndexOf(node))
    for (const one of group) onStack.delete(one)
    return group
  }
}
