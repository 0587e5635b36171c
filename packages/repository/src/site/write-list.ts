import { randomBytes } from 'node:crypto'
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { compareText, digestOf, errnoOf, run, writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import { SITE_NAME_BYTES, SITE_NAMES, SITE_PART_ENTRIES, SITE_PART_MEAN, SITE_PART_SECONDS } from '../limits.ts'
import { type DigestNotes, type NotedDirectory, type NotedFile, openDigestNotes } from './digest-notes.ts'
import { hashFile } from './hash-file.ts'
import { isPublished, isSafeLink, LIST_FILE, objectDigest, partPath, turnOf } from './layout.ts'
import {
  bytesOf,
  parseList,
  renderList,
  renderPart,
  type SiteEntry,
  type SiteList,
  type SiteName,
  type SitePart,
} from './site-list.ts'
import { inSiteTurn } from './turn.ts'

export interface WriteListOptions {
  readonly site: string
  /** A file of the caller's, not of the site, in which the digests of files are kept from time to time. */
  readonly notes: string
  readonly now: Date
}

export interface WrittenList {
  readonly serial: number
  readonly files: number
  readonly bytes: number
  /** False: nothing has changed since the last list, and nothing was written. */
  readonly changed: boolean
}

/**
 * Lists what a site holds, for mirrors. What changes under its name is read before all else: whatever it leads to was there by then, so that
 * a list never names a state without its files, whoever publishes meanwhile.
 * @throws SITE_LIST_MALFORMED, SITE_LIST_FULL, REPOSITORY_BUSY, DISK_FULL
 */
export function writeSiteList({ site, notes: notesPath, now }: WriteListOptions): Promise<WrittenList> {
  return inSiteTurn(site, async () => {
    const before = readOwnList(site)
    const names = namesOf(site)
    const notes = openDigestNotes(notesPath)
    const entries = await entriesOf(site, notes, statesShown(names))
    notes.close()
    const files = entries.filter((entry) => !('link' in entry)).length
    const bytes = bytesOf(entries)
    const cuts = cut(entries)
    const rendered = cuts.map((part) => renderPart(part))
    const parts = rendered.map(
      (part, at): SitePart => ({ digest: digestOf(part), size: part.length, bytes: bytesOf(cuts[at] ?? []) }),
    )
    const facts = { files, bytes, parts, names }
    const next: SiteList = before
      ? { site: before.site, serial: before.serial + 1, date: now.toISOString(), ...facts }
      : { site: randomBytes(16).toString('hex'), serial: 1, date: now.toISOString(), ...facts }
    const bare = before && { ...before, serial: next.serial, date: next.date }
    if (before && bare && renderList(bare).equals(renderList(next)))
      return { serial: before.serial, files, bytes, changed: false }
    mkdirSync(join(site, 'files'), { recursive: true })
    for (const [index, part] of parts.entries()) writePart(site, part, rendered[index])
    // Also all that was published before: what the list says is there must be there after a power cut.
    await run(['sync', '-f', site])
    writeFileAtomic(join(site, LIST_FILE), renderList(next))
    dropOldParts(site, { before, next, now })
    return { serial: next.serial, files, bytes, changed: true }
  })
}

/** The list that a site serves; undefined before the first. @throws SITE_LIST_MALFORMED */
export function readOwnList(site: string): SiteList | undefined {
  const path = join(site, LIST_FILE)
  try {
    return parseList(readFileSync(path), path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** What changes under its name, in the order in which it is shown. */
function namesOf(site: string): readonly SiteName[] {
  const tops = namesIn(site, 'repo').flatMap((format) =>
    namesIn(site, `repo/${format}/.tops`).map((name) => `repo/${format}/.tops/${name}/current`),
  )
  const small = ['repo', 'status'].flatMap((directory) =>
    namesIn(site, directory).map((name) => `${directory}/${name}`),
  )
  const names = [...small, ...tops, 'trust/timestamp.json']
    .filter((path) => isPublished(path))
    .flatMap((path) => nameAt(site, path))
    .sort((a, b) => (turnOf(a.path) ?? 0) - (turnOf(b.path) ?? 0) || compareText(a.path, b.path))
  // Left out, they would never change again for whoever follows the list.
  if (names.length > SITE_NAMES)
    throw fail('SITE_LIST_FULL', {
      what: `${site} has ${names.length} names that change, and a list takes ${SITE_NAMES}`,
    })
  return names
}

function nameAt(site: string, path: string): SiteName[] {
  const facts = lstatSync(join(site, path), { throwIfNoEntry: false })
  if (facts?.isSymbolicLink()) return [{ path, link: readlinkSync(join(site, path)) }]
  if (!facts?.isFile()) return []
  if (facts.size > SITE_NAME_BYTES)
    throw fail('SITE_LIST_FULL', {
      what: `${path} has ${facts.size} bytes, and a list takes ${SITE_NAME_BYTES} of what changes`,
    })
  return [{ path, content: readFileSync(join(site, path)) }]
}

/** Of each repository, by the directory of its states, the number of the one that is shown: a later one is not finished. */
function statesShown(names: readonly SiteName[]): ReadonlyMap<string, number> {
  return new Map(
    names.flatMap((name) => ('link' in name ? [[name.path.slice(0, -'/current'.length), Number(name.link)]] : [])),
  )
}

async function entriesOf(
  site: string,
  notes: DigestNotes,
  shown: ReadonlyMap<string, number>,
): Promise<readonly SiteEntry[]> {
  const entries: SiteEntry[] = []
  const pending = ['']
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const facts = statSync(join(site, directory), { throwIfNoEntry: false })
    if (!facts) continue
    const seen = notes.seen(facts)
    const before = notes.recall(directory)
    const known = before !== undefined && seen !== '' && before.seen === seen
    const found = known ? before : await readDirectory({ site, directory, notes, before, seen })
    notes.remember(directory, found)
    const newest = shown.get(directory) ?? (/\/\.tops\/[^/]+$/.test(directory) ? 0 : Number.POSITIVE_INFINITY)
    const isShown = (name: string) => !(Number.parseInt(name, 10) > newest)
    const at = directory === '' ? '' : `${directory}/`
    for (const name of found.directories) if (isShown(name)) pending.push(`${at}${name}`)
    for (const { name, link } of found.links) if (isShown(name)) entries.push({ path: `${at}${name}`, link })
    for (const { name, size, digest, modified } of found.files)
      if (isShown(name))
        entries.push({ path: `${at}${name}`, size, digest, ...(modified === undefined ? {} : { modified }) })
  }
  return entries.sort((a, b) => compareText(a.path, b.path))
}

interface Reading {
  readonly site: string
  readonly directory: string
  readonly notes: DigestNotes
  readonly before: NotedDirectory | undefined
  readonly seen: string
}

async function readDirectory({ site, directory, notes, before, seen }: Reading): Promise<NotedDirectory> {
  const directories: string[] = []
  const links: { name: string; link: string }[] = []
  const files: NotedFile[] = []
  const noted = new Map(before?.files.map((file) => [file.name, file]))
  for (const entry of entriesIn(join(site, directory))) {
    const { name } = entry
    const path = directory === '' ? name : `${directory}/${name}`
    const within = entry.isDirectory() && directory === 'objects' ? `${path}/${'0'.repeat(62)}` : path
    if (!isPublished(within)) continue
    if (entry.isDirectory()) directories.push(name)
    else if (turnOf(path) !== undefined) continue
    else if (entry.isSymbolicLink()) {
      const link = readlinkSync(join(site, path))
      if (isSafeLink(path, link)) links.push({ name, link })
    } else if (entry.isFile()) files.push(...(await fileAt(site, path, { name, notes, noted: noted.get(name) })))
  }
  // A file that changed just now may change again without another name: then the directory is looked at again too.
  return { seen: files.every((file) => file.seen !== '') ? seen : '', directories, files, links }
}

interface FileBefore {
  readonly name: string
  readonly notes: DigestNotes
  readonly noted: NotedFile | undefined
}

/** None where it is gone by now. */
async function fileAt(site: string, path: string, { name, notes, noted }: FileBefore): Promise<NotedFile[]> {
  const facts = statSync(join(site, path), { throwIfNoEntry: false })
  if (!facts) return []
  const { size } = facts
  const seen = notes.seen(facts)
  const named = objectDigest(path)
  // A file of no bytes is what a power cut leaves of an object that was not flushed.
  if (named !== undefined) return size === 0 ? [] : [{ name, seen, size, digest: named }]
  if (noted && seen !== '' && noted.seen === seen) return [noted]
  const hashed = await hashFile(join(site, path), size)
  if (hashed === undefined || hashed.size !== size) return []
  const modified = path.includes('/.tops/') ? { modified: Math.floor(facts.mtimeMs / 1000) } : {}
  return [{ name, seen, size, digest: hashed.digest, ...modified }]
}

/** Cuts the sorted list where a hash of the path says so: what is new changes the piece it falls into, and no other. */
function cut(entries: readonly SiteEntry[]): readonly (readonly SiteEntry[])[] {
  const parts: SiteEntry[][] = []
  let part: SiteEntry[] = []
  for (const entry of entries) {
    part.push(entry)
    if (hashOfText(entry.path) % SITE_PART_MEAN !== 0 && part.length < SITE_PART_ENTRIES) continue
    parts.push(part)
    part = []
  }
  return part.length === 0 ? parts : [...parts, part]
}

/** FNV-1a, 32 bits: nothing depends on it but where the list is cut. */
function hashOfText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

function writePart(site: string, part: SitePart, bytes: Buffer | undefined): void {
  const path = join(site, partPath(part.digest))
  if (bytes === undefined || statSync(path, { throwIfNoEntry: false })?.size === part.size) return
  writeFileAtomic(path, bytes)
}

/** Pieces stay for a while after the last list that named them: a mirror may be reading that one. */
function dropOldParts(
  site: string,
  { before, next, now }: { readonly before: SiteList | undefined; readonly next: SiteList; readonly now: Date },
): void {
  const kept = new Set(next.parts.map(({ digest }) => partPath(digest)))
  const seconds = now.getTime() / 1000
  const justNow = new Set(before?.parts.map(({ digest }) => partPath(digest)))
  for (const name of readdirSync(join(site, 'files'))) {
    const path = `files/${name}`
    if (kept.has(path) || path === LIST_FILE) continue
    const facts = statSync(join(site, path), { throwIfNoEntry: false })
    if (justNow.has(path)) utimesSync(join(site, path), seconds, seconds)
    else if (facts && facts.mtimeMs / 1000 < seconds - SITE_PART_SECONDS) rmSync(join(site, path), { force: true })
  }
}

function namesIn(site: string, directory: string): readonly string[] {
  return entriesIn(join(site, directory)).map(({ name }) => name)
}

/** None where there is no such directory, or no longer. */
function entriesIn(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw error
  }
}
