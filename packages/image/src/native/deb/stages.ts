import { formats } from '@holotype/formats'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import type { Ordered } from '../dependency-order.ts'

/** Packages with scripts that end a stage: with more, more is run again where one changes; with fewer, starting each stage costs more than its scripts. */
const STAGE_SCRIPTS = 3

/**
 * Cuts an image's packages into stages, each installed on top of those before it: first the essential ones, then what the spec asks for, in the
 * spec's order, each with what it depends on. apt too has the essential ones configured before anything else is unpacked, so that other scripts may
 * lean on what theirs made (Debian Policy 3.8). Only names decide, so that another version of a package moves nothing. Every stage is
 * closed under dependencies together with those before it; within one the given order is kept.
 */
export function stages(packages: readonly LockedUnpacked[], asked: readonly string[]): LockedUnpacked[][] {
  const graph: Node[] = packages.map((item) => ({
    item,
    needs: [...namesIn(item, 'Pre-Depends'), ...namesIn(item, 'Depends')],
    gives: [item.name, ...namesIn(item, 'Provides')],
  }))
  const closure = (of: readonly Node[]) => reached(of, graph)
  const essential = closure(graph.filter(({ item }) => field(item, 'Essential') === 'yes'))
  const cut: Set<LockedUnpacked>[] = [essential]
  const done = new Set(essential)
  let current = new Set<LockedUnpacked>()
  const close = () => {
    if (current.size > 0) cut.push(current)
    current = new Set()
  }
  for (const name of asked) {
    for (const item of closure(graph.filter((candidate) => candidate.gives.includes(name)))) {
      if (done.has(item)) continue
      done.add(item)
      current.add(item)
    }
    if ([...current].filter(hasScripts).length >= STAGE_SCRIPTS) close()
  }
  for (const item of packages) if (!done.has(item)) current.add(item)
  close()
  return cut.map((stage) => packages.filter((item) => stage.has(item))).filter((stage) => stage.length > 0)
}

type Node = Ordered<LockedUnpacked>

/** These and all that they need. */
function reached(from: readonly Node[], graph: readonly Node[]): Set<LockedUnpacked> {
  const givers = new Map<string, Node[]>()
  for (const node of graph) for (const name of node.gives) givers.set(name, [...(givers.get(name) ?? []), node])
  const found = new Set<LockedUnpacked>()
  const left = [...from]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (found.has(node.item)) continue
    found.add(node.item)
    for (const name of node.needs) left.push(...(givers.get(name) ?? []))
  }
  return found
}

function hasScripts({ unpacked }: LockedUnpacked): boolean {
  return unpacked.control.postinst !== undefined || unpacked.control.preinst !== undefined
}

function field({ unpacked }: LockedUnpacked, wanted: string): string | undefined {
  return unpacked.fields.find(([name]) => name === wanted)?.[1]
}

function namesIn(item: LockedUnpacked, name: string): string[] {
  const text = field(item, name)
  return text === undefined
    ? []
    : formats.deb
        .parseDependencies(text)
        .flat()
        .map((relation) => relation.name)
}
