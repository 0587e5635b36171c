import { type Digest, digestOf, isDigest } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { SITE_LINK_BYTES, SITE_NAME_BYTES, SITE_NAMES, SITE_PART_ENTRIES, SITE_PARTS } from '../limits.ts'
import { isPublished, isSafeLink, isSafePath, objectDigest, turnOf } from './layout.ts'

/** A file of a site. */
export interface SiteFile {
  /** Below the site. */
  readonly path: string
  readonly size: number
  readonly digest: Digest
  /** What it is dated, in seconds since the epoch, where clients go by it (tops of repositories). */
  readonly modified?: number
}

/** A symbolic link of a site that never changes. Where there are no links, what it leads to is copied. */
export interface SiteLink {
  readonly path: string
  readonly link: string
}

export type SiteEntry = SiteFile | SiteLink

/** What changes under its name: a small file with all of its bytes, or a link. */
export type SiteName = { readonly path: string; readonly content: Buffer } | SiteLink

/** A piece of the list, a file of the site: `files/<hex>.json`. */
export interface SitePart {
  readonly digest: Digest
  /** Bytes of the piece itself. */
  readonly size: number
  /** Bytes of the files that it names. */
  readonly bytes: number
}

/** All that a site holds, at one moment: `files/index.json`. Whoever has every file of it may show its names. */
export interface SiteList {
  /** Of the site, for ever: a mirror follows one. */
  readonly site: string
  /** Grows by one with each publication. */
  readonly serial: number
  /** When it was made: ISO 8601, UTC. */
  readonly date: string
  readonly files: number
  readonly bytes: number
  readonly parts: readonly SitePart[]
  /** In the order in which they are to be shown. */
  readonly names: readonly SiteName[]
}

const digest = z.string().refine(isDigest)
const path = z.string().refine((text) => isSafePath(text) && isPublished(text))
const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const link = z.string().max(SITE_LINK_BYTES)

const listSchema = z.strictObject({
  schema: z.literal('holotype.site/2'),
  site: z.string().regex(/^[0-9a-f]{32}$/),
  serial: z.number().int().min(1),
  date: z.iso.datetime(),
  files: size,
  bytes: size,
  parts: z.array(z.strictObject({ digest, size, bytes: size })).max(SITE_PARTS),
  names: z
    .array(
      z.union([
        z.strictObject({ path, content: z.base64().max(Math.ceil(SITE_NAME_BYTES / 3) * 4) }),
        z.strictObject({ path, link }),
      ]),
    )
    .max(SITE_NAMES),
})

const partSchema = z.strictObject({
  schema: z.literal('holotype.site-files/1'),
  files: z
    .array(
      z.union([
        z.strictObject({ path, size, digest: digest.optional(), modified: z.number().int().min(0).optional() }),
        z.strictObject({ path, link }),
      ]),
    )
    .max(SITE_PART_ENTRIES),
})

export function renderList(list: SiteList): Buffer {
  const names = list.names.map((name) =>
    'link' in name ? name : { path: name.path, content: name.content.toString('base64') },
  )
  return Buffer.from(`${JSON.stringify({ schema: 'holotype.site/2', ...list, names })}\n`)
}

/** @throws SITE_LIST_MALFORMED */
export function parseList(bytes: Buffer, where: string): SiteList {
  const { schema: _, ...list } = parseWith(listSchema, bytes, where)
  const names = list.names.map((name) =>
    'link' in name ? name : { path: name.path, content: Buffer.from(name.content, 'base64') },
  )
  for (const name of names) {
    if (turnOf(name.path) === undefined || ('link' in name && !isSafeLink(name.path, name.link)))
      throw fail('SITE_LIST_MALFORMED', { what: `${where} has ${JSON.stringify(name.path)} among what changes` })
  }
  if (list.parts.reduce((sum, part) => sum + part.bytes, 0) !== list.bytes)
    throw fail('SITE_LIST_MALFORMED', { what: `${where} has other bytes than its pieces` })
  return { ...list, names }
}

/** A piece of the list; an object's digest is not said twice. */
export function renderPart(entries: readonly SiteEntry[]): Buffer {
  const files = entries.map((entry) => {
    if ('link' in entry || objectDigest(entry.path) === undefined) return entry
    return { path: entry.path, size: entry.size }
  })
  return Buffer.from(`${JSON.stringify({ schema: 'holotype.site-files/1', files })}\n`)
}

/** Bytes of the files among entries: what a link leads to counts where it lies. */
export function bytesOf(entries: readonly SiteEntry[]): number {
  return entries.reduce((sum, entry) => sum + ('link' in entry ? 0 : entry.size), 0)
}

/** `part`: what the list says of it. @throws SITE_LIST_MALFORMED */
export function parsePart(bytes: Buffer, part: SitePart, where: string): readonly SiteEntry[] {
  const entries = entriesOf(bytes, where)
  if (bytesOf(entries) !== part.bytes)
    throw fail('SITE_LIST_MALFORMED', { what: `${where} has files of other sizes than the list says` })
  return entries
}

function entriesOf(bytes: Buffer, where: string): readonly SiteEntry[] {
  return parseWith(partSchema, bytes, where).files.map((entry) => {
    const said = 'link' in entry ? undefined : (objectDigest(entry.path) ?? entry.digest)
    const wrong = 'link' in entry ? !isSafeLink(entry.path, entry.link) : said === undefined
    if (wrong || turnOf(entry.path) !== undefined)
      throw fail('SITE_LIST_MALFORMED', { what: `${where} has a wrong entry ${JSON.stringify(entry.path)}` })
    if ('link' in entry) return entry
    const { modified } = entry
    // The check above has seen to it that there is one.
    return {
      path: entry.path,
      size: entry.size,
      digest: said ?? digestOf(''),
      ...(modified === undefined ? {} : { modified }),
    }
  })
}

function parseWith<T>(schema: z.ZodType<T>, bytes: Buffer, where: string): T {
  try {
    return schema.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw fail('SITE_LIST_MALFORMED', { what: `${where} does not parse`, cause })
  }
}
