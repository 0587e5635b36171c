import { digestOf } from '@holotype/base'
import { fail } from '../errors.ts'
import { SITE_PART_BYTES } from '../limits.ts'
import type { GonePath } from './gone.ts'
import { leadsTo, partPath } from './layout.ts'
import {
  parsePart,
  type SiteEntry,
  type SiteFile,
  type SiteLink,
  type SiteList,
  type SiteName,
  type SitePart,
} from './site-list.ts'
import type { SiteSource } from './source.ts'
import type { SiteTarget } from './target.ts'

/** What a copy has to do to come from one list to the next. */
export interface SiteChanges {
  /** Files that are new, or other than they were. */
  readonly files: readonly SiteFile[]
  readonly links: readonly SiteLink[]
  /** Whether the list before had a link that is replaced as it is now. */
  isShown(name: SiteLink): boolean
  /** Paths of what changed that are listed now. */
  readonly present: readonly string[]
  /** What is listed no more. */
  readonly gone: readonly GonePath[]
  /** The files that are to lie under the paths of links through a name. */
  behind(name: SiteLink): Promise<readonly { readonly path: string; readonly file: SiteFile }[]>
}

export interface ListPair {
  readonly source: SiteSource
  readonly target: SiteTarget
  readonly before: SiteList | undefined
  readonly list: SiteList
  /** Nothing that is there is believed: every file counts as changed. */
  readonly check: boolean
}

/**
 * Compares two lists by their pieces: those that both have are not looked at. The pieces of the new list are put to the target.
 * @throws SITE_LIST_MALFORMED, FETCH_*, DISK_FULL
 */
export async function changesBetween(pair: ListPair): Promise<SiteChanges> {
  const { before, list, check } = pair
  // A piece that is said to name other bytes than before is read again.
  const keyOf = ({ digest, bytes }: SitePart) => `${digest} ${bytes}`
  const old = new Set(check ? [] : before?.parts.map(keyOf))
  const kept = new Set(list.parts.map(({ digest }) => digest))
  const added: SiteEntry[] = []
  for (const part of list.parts) if (!old.has(keyOf(part))) added.push(...(await newPart(pair, part)))
  const dropped: SiteEntry[] = []
  for (const part of before?.parts ?? []) if (!kept.has(part.digest)) dropped.push(...(await oldPart(pair, part)))
  const had = new Map(dropped.map((entry) => [entry.path, entry]))
  const has = new Set(added.map(({ path }) => path))
  const changed = added.filter((entry) => check || !isSame(entry, had.get(entry.path)))
  const names = new Set(list.names.map(({ path }) => path))
  const goneEntries = [...had.values()]
    .filter(({ path }) => !has.has(path))
    .map((entry) => ({ path: entry.path, size: 'link' in entry ? 0 : entry.size }))
  const goneNames = (before?.names ?? [])
    .filter(({ path }) => !names.has(path))
    .map((name) => ({ path: name.path, size: 'link' in name ? 0 : name.content.length }))
  const goneParts = (before?.parts ?? [])
    .filter(({ digest }) => !kept.has(digest))
    .map(({ digest, size }) => ({ path: partPath(digest), size }))
  return {
    files: changed.flatMap((entry) => ('link' in entry ? [] : [entry])),
    links: changed.flatMap((entry) => ('link' in entry ? [entry] : [])),
    isShown: ({ path, link }) =>
      before?.names.some((one) => one.path === path && 'link' in one && one.link === link) ?? false,
    present: [...changed.map(({ path }) => path), ...names, ...list.parts.map(({ digest }) => partPath(digest))],
    gone: [...goneEntries, ...goneNames, ...goneParts],
    behind: (name) => filesBehind(pair, name),
  }
}

function isSame(a: SiteEntry, b: SiteEntry | undefined): boolean {
  if (b === undefined) return false
  if ('link' in a || 'link' in b) return 'link' in a && 'link' in b && a.link === b.link
  return a.digest === b.digest && a.size === b.size && a.modified === b.modified
}

async function newPart(pair: ListPair, part: SitePart): Promise<readonly SiteEntry[]> {
  const { source, target } = pair
  const { digest, size } = part
  const path = partPath(digest)
  // Where there are no links, every piece is looked at for each state: the origin is nearer.
  const there = target.links ? await target.read(path, size) : undefined
  if (there && digestOf(there) === digest) return parsePart(there, part, path)
  if (size > SITE_PART_BYTES) throw fail('SITE_LIST_MALFORMED', { what: `${path} is listed with ${size} bytes` })
  const bytes = await source.read(path, size)
  if (bytes === undefined) throw fail('FETCH_NOT_FOUND', { what: `${source.address} has no ${path}` })
  if (digestOf(bytes) !== digest) throw fail('FETCH_MISMATCH', { what: `${source.address}${path} has other bytes` })
  if (!pair.before?.parts.some((one) => one.digest === digest)) await target.write(path, bytes)
  return parsePart(bytes, part, path)
}

/** A piece that is damaged says nothing of what to remove, and that is all it is asked for. */
async function oldPart({ target }: ListPair, part: SitePart): Promise<readonly SiteEntry[]> {
  return (await presentPart(target, part)) ?? []
}

/** A piece as a target has it; undefined where it is damaged. */
async function presentPart(target: SiteTarget, part: SitePart): Promise<readonly SiteEntry[] | undefined> {
  const { digest, size } = part
  const bytes = await target.read(partPath(digest), size)
  return bytes && digestOf(bytes) === digest ? parsePart(bytes, part, partPath(digest)) : undefined
}

/** All paths that a target's list names; undefined where a piece of it is damaged. @throws SITE_LIST_MALFORMED */
export async function pathsOf(target: SiteTarget, list: SiteList): Promise<ReadonlySet<string> | undefined> {
  const paths = new Set(list.names.map(({ path }) => path))
  for (const part of list.parts) {
    const entries = await presentPart(target, part)
    if (!entries) return undefined
    paths.add(partPath(part.digest))
    for (const { path } of entries) paths.add(path)
  }
  return paths
}

async function filesBehind(pair: ListPair, name: SiteLink) {
  const entries: SiteEntry[] = []
  for (const part of pair.list.parts) entries.push(...(await newPart(pair, part)))
  return behind(entries, name)
}

/** `dists/stable/InRelease`, a link through `.tops/NAME/current`, with the file of the state that `current` is. */
export function behind(entries: readonly SiteEntry[], name: SiteName) {
  if (!('link' in name)) return []
  const files = new Map(entries.flatMap((entry) => ('link' in entry ? [] : [[entry.path, entry] as const])))
  return entries.flatMap((entry) => {
    if (!('link' in entry)) return []
    const target = leadsTo(entry.path, entry.link)
    if (!target.startsWith(`${name.path}/`)) return []
    const file = files.get(`${leadsTo(name.path, name.link)}${target.slice(name.path.length)}`)
    return file ? [{ path: entry.path, file }] : []
  })
}
