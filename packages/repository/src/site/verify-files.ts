import { digestOf, isErrorCode, type Progress, runTask } from '@holotype/base'
import { SITE_NAME_BYTES, SITE_READINGS, TRIES } from '../limits.ts'
import { fail } from '../errors.ts'
import { behind } from './changes.ts'
import { eachOf } from './copy-site.ts'
import { hashStream } from './hash-file.ts'
import { leadsTo, LIST_FILE, partPath } from './layout.ts'
import { parseList, parsePart, type SiteEntry, type SiteFile, type SiteList, type SiteName } from './site-list.ts'
import type { SiteSource } from './source.ts'

/** What is not as it should be. */
export interface Damage {
  /** Below the site. */
  readonly path: string
  /** `is missing`, `has other bytes` … */
  readonly what: string
}

export interface VerifiedFiles {
  readonly site: string
  readonly serial: number
  readonly files: number
  readonly bytes: number
  readonly damage: readonly Damage[]
  readonly entries: readonly SiteEntry[]
  readonly names: readonly SiteName[]
}

/**
 * Reads every file that a site's list names, and what changes under its name, and compares. Where the site comes to another state meanwhile, it begins
 * anew with that; what was found right stays so.
 * @throws SITE_UNLISTED, SITE_LIST_MALFORMED, SITE_CHANGING, FETCH_UNREACHABLE
 */
export async function verifyFiles(source: SiteSource, progress: Progress): Promise<VerifiedFiles> {
  const right = new Set<string>()
  for (let reading = 1; ; reading++) {
    const list = await listOf(source)
    const found = await verifyList(source, list, { progress, right })
    if (found.damage.length === 0) return found
    // What is wrong by a list that is no longer shown may be right by the next.
    if ((await listOf(source)).serial === list.serial) return found
    if (reading === SITE_READINGS)
      throw fail('SITE_CHANGING', { what: `${source.address} changed ${reading} times while it was verified` })
  }
}

async function listOf(source: SiteSource): Promise<SiteList> {
  const { bytes } = await source.list()
  if (bytes === undefined) throw fail('SITE_UNLISTED', { what: `${source.address} has no ${LIST_FILE}` })
  return parseList(bytes, `${source.address}${LIST_FILE}`)
}

interface Verifying {
  readonly progress: Progress
  /** `digest path` of what was read and is right. */
  readonly right: Set<string>
}

async function verifyList(source: SiteSource, list: SiteList, { progress, right }: Verifying): Promise<VerifiedFiles> {
  const { site, serial, files, bytes, names } = list
  const damage: Damage[] = []
  const entries: SiteEntry[] = []
  for (const listed of list.parts) {
    const { digest, size } = listed
    const path = partPath(digest)
    const part = await source.read(path, size)
    if (part === undefined) damage.push({ path, what: 'is missing' })
    else if (digestOf(part) === digest) entries.push(...parsePart(part, listed, path))
    else damage.push({ path, what: 'has other bytes' })
  }
  await runTask(progress, { title: `read ${source.address}`, total: bytes, unit: 'bytes' }, async (task) => {
    let done = 0
    await eachOf(entries, async (entry) => {
      const what = 'link' in entry ? undefined : await wrongOf(source, entry, right)
      if (what !== undefined) damage.push({ path: entry.path, what })
      if (!('link' in entry)) task.advance((done += entry.size))
    })
  })
  for (const { path, content } of contentsOf(entries, names)) {
    const there = await source.read(path, SITE_NAME_BYTES).catch(orTooLarge)
    if (there === undefined) damage.push({ path, what: 'is missing' })
    else if (digestOf(there) !== content) damage.push({ path, what: 'is not of the state that is listed' })
  }
  return { site, serial, files, bytes, damage: damage.sort((a, b) => (a.path < b.path ? -1 : 1)), entries, names }
}

/** What is to be read under each name that changes and under each link. Links to directories have nothing to be read. */
function contentsOf(entries: readonly SiteEntry[], names: readonly SiteName[]) {
  const files = new Map(entries.flatMap((entry) => ('link' in entry ? [] : [[entry.path, entry.digest] as const])))
  const plain = names.flatMap((name) => ('link' in name ? [] : [{ path: name.path, content: digestOf(name.content) }]))
  const through = names
    .flatMap((name) => behind(entries, name))
    .map(({ path, file }) => ({ path, content: file.digest }))
  const direct = entries.flatMap((entry) => {
    const content = 'link' in entry ? files.get(leadsTo(entry.path, entry.link)) : undefined
    return content ? [{ path: entry.path, content }] : []
  })
  return [...plain, ...through, ...direct]
}

async function wrongOf(source: SiteSource, file: SiteFile, right: Set<string>): Promise<string | undefined> {
  const key = `${file.digest} ${file.path}`
  if (right.has(key)) return undefined
  for (let number = 1; ; number++) {
    try {
      const { digest } = await hashStream(source.rest(file.path, file.size, 0))
      if (digest !== file.digest) return 'has other bytes'
      right.add(key)
      return undefined
    } catch (error) {
      if (isErrorCode(error, 'FETCH_NOT_FOUND')) return 'is missing'
      if (isErrorCode(error, 'FETCH_MISMATCH')) return 'has another size'
      if (number >= TRIES) throw error
    }
  }
}

function orTooLarge(error: unknown): Buffer {
  if (isErrorCode(error, 'FETCH_MISMATCH')) return Buffer.alloc(0)
  throw error
}
