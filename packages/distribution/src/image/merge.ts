import { nearest, type Place, type YamlDocument } from '@holotype/base'
import { fail } from '../errors.ts'

/** Where a value comes from: what stands at a path of a document. */
interface Origin {
  readonly document: YamlDocument<unknown>
  readonly path: readonly PropertyKey[]
}

/** A value put together from several documents: lists and tables that may be joined, and what is taken whole from one place. */
export type Merged = Origin &
  (
    | { readonly kind: 'table'; readonly entries: ReadonlyMap<string, Merged> }
    | { readonly kind: 'list'; readonly items: readonly Merged[] }
    | { readonly kind: 'whole'; readonly value: unknown }
  )

/** Tables whose entries are taken whole from one place: half a file from one image and half from another would be read by nobody. */
const WHOLE_ENTRIES: ReadonlySet<PropertyKey | undefined> = new Set([
  'files',
  'users',
  'groups',
  'sysctl',
  'mounts',
  'pin',
  'variables',
])

/** A document's value, ready to be joined with others'. `leaf` is what becomes of each value that is no list and no table. */
export function mergeable(value: unknown, origin: Origin, leaf: (value: unknown, origin: Origin) => unknown): Merged {
  const { path } = origin
  const below = (key: PropertyKey): Origin => ({ ...origin, path: [...path, key] })
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index): Merged => {
      const at = below(index)
      return { kind: 'whole', ...at, value: leaf(item, at) }
    })
    return { kind: 'list', ...origin, items }
  }
  if (isTable(value) && !(path.length === 2 && WHOLE_ENTRIES.has(path[0])))
    return {
      kind: 'table',
      ...origin,
      entries: new Map(Object.entries(value).map(([key, member]) => [key, mergeable(member, below(key), leaf)])),
    }
  return { kind: 'whole', ...origin, value: leaf(value, origin) }
}

/** Tables are joined by their keys, lists one after the other; of all else the later wins. A text that a list has already stays where it is. */
export function merge(first: Merged, later: Merged): Merged {
  if (first.kind === 'table' && later.kind === 'table') {
    const entries = new Map(first.entries)
    for (const [key, value] of later.entries) {
      const present = entries.get(key)
      entries.set(key, present ? merge(present, value) : value)
    }
    return { ...later, entries }
  }
  if (first.kind !== 'list' || later.kind !== 'list') return later
  const known = new Set(first.items.map(textOf))
  const fresh = later.items.filter((item) => textOf(item) === undefined || !known.has(textOf(item)))
  return { ...later, items: [...first.items, ...fresh] }
}

/**
 * Takes out what a document names: of a list the items (those with a name by their names), of a table the keys, or within the tables it holds.
 * @throws DISTRIBUTION_NOTHING_TO_REMOVE with its place
 */
export function remove(from: Merged, wanted: unknown, origin: Origin): Merged {
  const { document, path } = origin
  if (isTable(wanted) && from.kind === 'table') {
    const entries = new Map(from.entries)
    for (const [key, inner] of Object.entries(wanted)) {
      const at = { document, path: [...path, key] }
      const present = entries.get(key)
      if (!present) throw nothing(at, key, [...entries.keys()], 'key')
      entries.set(key, remove(present, inner, at))
    }
    return { ...from, entries }
  }
  if (!Array.isArray(wanted) || from.kind === 'whole')
    throw fail('DISTRIBUTION_NOTHING_TO_REMOVE', document.complain(path, 'what is removed is a list of names'))
  const names: unknown[] = wanted
  const namesThere = (): string[] =>
    from.kind === 'table' ? [...from.entries.keys()] : from.items.flatMap((item) => nameOf(item) ?? [])
  const there = new Set(namesThere())
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string' || !there.has(name))
      throw nothing({ document, path: [...path, index] }, String(name), [...there], 'value')
  }
  const gone = new Set(names)
  return from.kind === 'table'
    ? { ...from, entries: new Map([...from.entries].filter(([key]) => !gone.has(key))) }
    : { ...from, items: from.items.filter((item) => !gone.has(nameOf(item))) }
}

/** The value alone. */
export function plain(merged: Merged): unknown {
  switch (merged.kind) {
    case 'table':
      return Object.fromEntries([...merged.entries].map(([key, value]) => [key, plain(value)]))
    case 'list':
      return merged.items.map(plain)
    case 'whole':
      return merged.value
  }
}

/** The document that what stands at a path comes from, and the path in it. */
export function originOf(merged: Merged, path: readonly PropertyKey[]): Origin {
  let at = merged
  for (const [depth, key] of path.entries()) {
    const next: Merged | undefined =
      at.kind === 'table' ? at.entries.get(String(key)) : at.kind === 'list' ? at.items[Number(key)] : undefined
    if (!next) return { document: at.document, path: [...at.path, ...path.slice(depth)] }
    at = next
  }
  return at
}

/** The place that what stands at a path comes from; undefined if nothing stands there. */
export function placeIn(merged: Merged, path: readonly PropertyKey[]): Place | undefined {
  let at: Merged | undefined = merged
  for (const key of path) {
    if (at?.kind === 'whole') break
    at = at?.kind === 'table' ? at.entries.get(String(key)) : at?.items[Number(key)]
  }
  if (!at) return undefined
  const { document, path: origin } = originOf(merged, path)
  return document.placeOf(origin, typeof origin.at(-1) === 'number' ? 'value' : 'key')
}

function nothing(at: Origin, name: string, known: readonly string[], part: 'key' | 'value'): Error {
  const near = nearest(name, known)
  const message = `there is no "${name}" to remove${near === undefined ? '' : `; did you mean "${near}"?`}`
  return fail('DISTRIBUTION_NOTHING_TO_REMOVE', at.document.complain(at.path, message, part))
}

function textOf(item: Merged): string | undefined {
  return item.kind === 'whole' && typeof item.value === 'string' ? item.value : undefined
}

/** What an item of a list is removed by: its text, or its name. */
function nameOf(item: Merged): string | undefined {
  if (item.kind !== 'whole' || !isTable(item.value)) return textOf(item)
  const { name } = item.value
  return typeof name === 'string' ? name : undefined
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
