import { setTimeout as sleep } from 'node:timers/promises'
import { type Digest, digestOf, HolotypeError, isErrorCode, type Progress, runTask } from '@holotype/base'
import { fail } from '../errors.ts'
import {
  HALF_COPIED_SECONDS,
  MIRROR_KEEP_SECONDS,
  RETRY_DELAY_MS,
  SITE_COPIED_AT_ONCE,
  SITE_LIST_BYTES,
  SITE_READINGS,
  TRIES,
} from '../limits.ts'
import { changesBetween, type SiteChanges } from './changes.ts'
import { type Gone, readGone, removeGone, writeGone } from './gone.ts'
import { LIST_FILE } from './layout.ts'
import { parseList, type SiteFile, type SiteList } from './site-list.ts'
import type { SiteSource } from './source.ts'
import type { SiteTarget } from './target.ts'

export interface CopyOptions {
  readonly source: SiteSource
  readonly target: SiteTarget
  readonly now: () => Date
  readonly progress: Progress
  /** What the source's server called the list that is there: if it has no other yet, nothing is done. */
  readonly etag?: string
  /** Seconds that the source may wait for another list. */
  readonly waitSeconds?: number
  /** Believe nothing that is there: read it all, and fetch what is damaged. */
  readonly check?: boolean
  /** Called before the first byte is fetched, with what will be. What it throws ends the copy there. */
  readonly begin?: (list: SiteList, needs: CopyNeeds) => Promise<void>
  /** Called after each step, with its name. What it throws ends the copy there. */
  readonly afterStep?: (step: string) => Promise<void> | void
}

export interface CopyAmounts {
  /** Files that are not there, and their bytes. */
  readonly files: number
  readonly bytes: number
}

/** What a copy takes, and the bytes of what is there then and listed no more. */
export interface CopyNeeds extends CopyAmounts {
  readonly held: number
}

/** What a copy came to. */
export interface CopyOutcome {
  /** Undefined: there is no other list yet. */
  readonly copied: Copied | undefined
  readonly etag: string | undefined
  /** Whether the source waits for news where it is asked to. */
  readonly waits: boolean
}

export interface Copied extends CopyAmounts {
  readonly site: string
  readonly serial: number
  /** Of the list that was there before. */
  readonly before?: number
  /** What the site holds altogether. */
  readonly total: CopyAmounts
  readonly removed: number
}

/**
 * Copies a site: what never changes first, then what never changes under links, then flushes, then replaces what changes under its name, in the order of
 * the list, and the list last. So whoever reads the copy sees the state before or this one, and whatever a name leads to is there; a
 * copy that was ended anywhere is taken up by the next. What the list does not name any more goes an hour later.
 * @throws SITE_UNLISTED, SITE_LIST_MALFORMED, SITE_OTHER, SITE_BACKWARD, SITE_CHANGING, FETCH_*, DISK_FULL
 */
export async function copySite(options: CopyOptions): Promise<CopyOutcome> {
  const { target, now } = options
  const seconds = Math.floor(now().getTime() / 1000)
  // Also while the origin has nothing new.
  const removed = await removeGone(target, () => presentList(target), seconds - MIRROR_KEEP_SECONDS)
  await target.sweep(new Date((seconds - HALF_COPIED_SECONDS) * 1000))
  let { etag } = options
  let last: SiteList | undefined
  for (let reading = 1; ; reading++) {
    const { waitSeconds = 0 } = options
    const found = await options.source.list({
      ...(etag === undefined ? {} : { etag }),
      ...(reading === 1 ? { waitSeconds } : {}),
    })
    const { bytes, waits } = found
    if (bytes === undefined) return { copied: undefined, etag, waits }
    const list = parseList(bytes, `${options.source.address}${LIST_FILE}`)
    try {
      return { copied: { ...(await copyList(options, list, bytes)), removed }, etag: found.etag, waits }
    } catch (error) {
      if (!isErrorCode(error, 'FETCH_NOT_FOUND') && !isErrorCode(error, 'FETCH_MISMATCH')) throw error
      // Where the origin has moved on, what the list named may be gone.
      if (last?.serial === list.serial) throw error
      if (reading === SITE_READINGS)
        throw fail('SITE_CHANGING', {
          what: `${options.source.address} changed ${reading} times while it was read`,
          cause: error,
        })
      last = list
      etag = undefined
    }
  }
}

async function copyList(options: CopyOptions, list: SiteList, bytes: Buffer): Promise<Omit<Copied, 'removed'>> {
  const { source, target, now } = options
  const step = async (name: string) => options.afterStep?.(name)
  const before = await presentList(target)
  checkFollows(options, before, list)
  const changes = await changesBetween({ source, target, before, list, check: options.check ?? false })
  // Some are there already if an earlier copy was ended.
  const missing = await missingFiles(target, changes.files)
  const amounts = amountsOf(missing)
  const gone = goneBy(await readGone(target), changes, Math.floor(now().getTime() / 1000))
  await options.begin?.(list, { ...amounts, held: [...gone.values()].reduce((sum, { size }) => sum + size, 0) })
  await step('begin')
  await copyFiles(options, missing)
  await step('files')
  for (const link of changes.links) await target.link(link)
  await step('links')
  await target.flush()
  await step('flush')
  await showNames(options, list, changes)
  await target.write(LIST_FILE, bytes)
  await step('list')
  if (changes.gone.length > 0) await writeGone(target, gone)
  await step('gone')
  return {
    site: list.site,
    serial: list.serial,
    ...(before ? { before: before.serial } : {}),
    ...amounts,
    total: { files: list.files, bytes: list.bytes },
  }
}

async function presentList(target: SiteTarget): Promise<SiteList | undefined> {
  const bytes = await target.read(LIST_FILE, SITE_LIST_BYTES)
  return bytes && parseList(bytes, `${target.address}/${LIST_FILE}`)
}

/** Only forward: an origin that was put back, or a stale mirror of it, must not take anything away. */
function checkFollows({ source, target }: CopyOptions, before: SiteList | undefined, list: SiteList): void {
  if (before === undefined) return
  if (before.site !== list.site)
    throw fail('SITE_OTHER', { what: `${target.address} is a copy of another site than ${source.address}` })
  if (before.serial > list.serial)
    throw fail('SITE_BACKWARD', {
      what: `${source.address} is at serial ${list.serial}, and ${target.address} at ${before.serial} already`,
      data: { origin: list.serial, here: before.serial },
    })
}

async function missingFiles(target: SiteTarget, files: readonly SiteFile[]): Promise<readonly SiteFile[]> {
  const missing: SiteFile[] = []
  await eachOf(files, async (file) => {
    if (!(await target.has(file))) missing.push(file)
  })
  return missing
}

function amountsOf(files: readonly SiteFile[]): CopyAmounts {
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
}

async function copyFiles(options: CopyOptions, files: readonly SiteFile[]): Promise<void> {
  const { source, target, progress } = options
  if (files.length === 0) return
  const byDigest = new Map<Digest, SiteFile[]>()
  for (const file of files) {
    const same = byDigest.get(file.digest)
    // The others become further names of the first: of one that is not dated, if there is.
    if (same && file.modified === undefined) same.unshift(file)
    else if (same) same.push(file)
    else byDigest.set(file.digest, [file])
  }
  const title = `copy ${source.address}`
  await runTask(progress, { title, total: amountsOf(files).bytes, unit: 'bytes' }, async (task) => {
    let done = 0
    await eachOf([...byDigest.values()], async ([first, ...same]) => {
      if (!first) return
      await putFile(source, target, first)
      for (const file of same) await target.copy(first, file)
      done += first.size * (same.length + 1)
      task.advance(done)
      await options.afterStep?.(`file ${first.path}`)
    })
  })
}

/** Goes on where a body broke off. What was left of an earlier run may be damaged: then once more from its beginning. */
async function putFile(source: SiteSource, target: SiteTarget, file: SiteFile): Promise<void> {
  for (let number = 1; ; number++) {
    try {
      return await target.put(file, (from) => source.rest(file.path, file.size, from))
    } catch (error) {
      const again =
        error instanceof HolotypeError &&
        (error.code === 'FETCH_TRUNCATED' ||
          (error.code === 'FETCH_UNREACHABLE' && error.data['final'] !== true) ||
          (error.code === 'FETCH_MISMATCH' && number === 1))
      if (number >= TRIES || !again) throw error
      await sleep(RETRY_DELAY_MS * 2 ** (number - 1))
    }
  }
}

async function showNames(options: CopyOptions, list: SiteList, changes: SiteChanges): Promise<void> {
  const { source, target } = options
  const step = async (path: string) => options.afterStep?.(`name ${path}`)
  for (const name of list.names) {
    if ('content' in name) {
      const there = await target.read(name.path, name.content.length)
      if (!there?.equals(name.content)) await target.write(name.path, name.content)
    } else if (target.links) await target.link(name)
    // A repository's states have rising numbers: the one that was shown last is not shown anew.
    else if (options.check || !changes.isShown(name))
      for (const { path, file } of await changes.behind(name)) {
        const bytes = await source.read(file.path, file.size)
        if (bytes === undefined || digestOf(bytes) !== file.digest)
          throw fail('FETCH_MISMATCH', { what: `${source.address}${file.path} is not what the list says` })
        const there = await target.read(path, file.size)
        if (!there?.equals(bytes)) await target.write(path, bytes)
        await step(path)
      }
    await step(name.path)
  }
}

/** What is there and listed no more once the changes are made. */
function goneBy(gone: Gone, changes: SiteChanges, seconds: number): Gone {
  for (const path of changes.present) gone.delete(path)
  for (const { path, size } of changes.gone) if (!gone.has(path)) gone.set(path, { since: seconds, size })
  return gone
}

/** Some at a time. The first failure ends all. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  let failed = false
  const worker = async () => {
    while (!failed && next < items.length) {
      const item = items[next++]
      if (item === undefined) continue
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: SITE_COPIED_AT_ONCE }, worker))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
