/** A package with the names it needs and the names it is known by. */
export interface Ordered<T> {
  readonly item: T
  readonly needs: readonly string[]
  readonly gives: readonly string[]
}

/**
 * What a package needs comes before it, as far as that goes: in a circle the one met first comes last. The given order decides where nothing
 * else does. Only names count: a lock is resolved, so whoever has the name is the right one.
 */
export function dependencyOrder<T>(packages: readonly Ordered<T>[]): T[] {
  const givers = new Map<string, Ordered<T>[]>()
  for (const candidate of packages)
    for (const name of candidate.gives) {
      const known = givers.get(name)
      if (known) known.push(candidate)
      else givers.set(name, [candidate])
    }
  const met = new Set<Ordered<T>>()
  const ordered: T[] = []
  // A stack of our own: a chain of dependencies may be as long as the lock.
  for (const first of packages) {
    const stack = met.has(first) ? [] : [{ candidate: first, next: needed(first) }]
    met.add(first)
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value: candidate } = top.next.next()
      if (candidate === undefined) {
        ordered.push(top.candidate.item)
        stack.pop()
      } else if (!met.has(candidate)) {
        met.add(candidate)
        stack.push({ candidate, next: needed(candidate) })
      }
    }
  }
  return ordered

  function* needed(candidate: Ordered<T>): Generator<Ordered<T>, undefined> {
    for (const name of candidate.needs) yield* givers.get(name) ?? []
    return undefined
  }
}
