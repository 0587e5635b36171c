import { randomBytes } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { formatBytes, type Progress } from '@holotype/base'
import type { BucketOptions } from '@holotype/store/bucket'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { MIRROR_CHAIN, MIRROR_FILE_BYTES, MIRROR_WAIT_SECONDS } from '../limits.ts'
import { type Copied, type CopyNeeds, type CopyOptions, type CopyOutcome, copySite } from './copy-site.ts'
import { openBucketTarget } from './bucket-target.ts'
import { openDirectoryTarget } from './directory-target.ts'
import { LIST_FILE, MIRROR_FILE } from './layout.ts'
import type { SiteList } from './site-list.ts'
import { openSource, type SiteSource } from './source.ts'
import type { SiteTarget } from './target.ts'
import { inSiteTurn } from './turn.ts'

const id = z.string().regex(/^[0-9a-f]{32}$/)
const moment = z.strictObject({ serial: z.number().int(), date: z.iso.datetime() })

const mirrorSchema = z.strictObject({
  schema: z.literal('holotype.mirror/1'),
  /** Of this mirror, for ever. */
  id,
  /** Where it copies from. */
  origin: z.string().max(2048),
  /** The ids of the mirrors that the origin is and follows, the origin's own first; empty where it is the site itself. */
  chain: z.array(id).max(MIRROR_CHAIN).readonly(),
  site: id,
  /** The serial that the last copy began with, and when. */
  start: moment,
  /** The serial that is shown, and since when: where it is not that of `start`, a copy is under way or was ended. */
  end: moment.nullable(),
  files: z.number().int(),
  bytes: z.number().int(),
})

/** What a mirror says of itself: `mirror.json`. */
export type MirrorFacts = Readonly<z.infer<typeof mirrorSchema>>

export interface MirrorOptions {
  /** `http:`, `https:` or `file:`. */
  readonly origin: string
  /** A directory, or a bucket of an S3-compatible store. */
  readonly to: string | BucketOptions
  /** Bytes that the mirror may hold, with what is listed no more and stays for an hour; by default all that its disk has room for, but for a twentieth. */
  readonly quota?: number
  readonly check?: boolean
  readonly now: () => Date
  readonly progress: Progress
  readonly signal?: AbortSignal
  readonly afterStep?: CopyOptions['afterStep']
}

/** What a mirror says of itself; undefined where it is none. @throws SITE_LIST_MALFORMED */
export async function readMirrorFacts(place: {
  read(path: string, maxBytes: number): Promise<Buffer | undefined>
}): Promise<MirrorFacts | undefined> {
  const bytes = await place.read(MIRROR_FILE, MIRROR_FILE_BYTES)
  if (bytes === undefined) return undefined
  try {
    return mirrorSchema.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw fail('SITE_LIST_MALFORMED', { what: `${MIRROR_FILE} does not parse`, cause })
  }
}

/**
 * Makes a mirror, or brings it up to date, once. Undefined: it was.
 * @throws MIRROR_CYCLE, MIRROR_QUOTA, REPOSITORY_BUSY, and what `copySite` throws
 */
export async function mirrorOnce(options: MirrorOptions): Promise<Copied | undefined> {
  await using mirror = openMirror(options)
  return (await mirror.next(0)).copied
}

/**
 * Keeps a mirror up to date until the signal: it asks an origin that can wait for news to do so, watches one that is a directory, and asks any other
 * every `pollSeconds`. What fails is told and tried again.
 */
export async function mirrorForEver(
  options: MirrorOptions & { readonly signal: AbortSignal; readonly pollSeconds: number },
  told: (outcome: Copied | Error) => void,
): Promise<void> {
  const { signal, pollSeconds } = options
  await using mirror = openMirror(options)
  using watched = new OriginWatch(options.origin)
  while (!signal.aborted) {
    const began = Date.now()
    const news = watched.news()
    try {
      const waitSeconds = Math.min(MIRROR_WAIT_SECONDS, pollSeconds)
      const { copied, waits } = await mirror.next(waitSeconds)
      if (copied) told(copied)
      // Asked again at once only where the origin did wait: one that merely says so would be asked without end.
      if (waits && (copied || Date.now() - began >= (waitSeconds * 1000) / 2)) continue
    } catch (error) {
      if (signal.aborted) return
      told(error instanceof Error ? error : new Error(String(error)))
    }
    const asleep = new AbortController()
    const awake = AbortSignal.any([signal, asleep.signal])
    const time = sleep(Math.max(0, began + pollSeconds * 1000 - Date.now()), undefined, { signal: awake })
    await Promise.race([time.catch(() => {}), news])
    asleep.abort()
  }
}

interface Mirror extends AsyncDisposable {
  next(waitSeconds: number): Promise<CopyOutcome>
}

function openMirror(options: MirrorOptions): Mirror {
  const { to, check = false, now, progress, afterStep } = options
  // Of a bucket nobody has the turn: what never changes is made once, and only forward goes the rest.
  const alone = <T>(work: () => Promise<T>) => (typeof to === 'string' ? inSiteTurn(to, work) : work())
  const source = openSource(options.origin, { ...(options.signal ? { signal: options.signal } : {}) })
  const target = typeof to === 'string' ? openDirectoryTarget(to) : openBucketTarget(to)
  let etag: string | undefined
  return {
    async next(waitSeconds) {
      const outcome = await alone(async () => {
        const known = await readMirrorFacts(target)
        if (!known && (await target.isTaken()))
          throw fail('SITE_OTHER', { what: `${target.address} is no mirror and holds something already` })
        const self = known?.id ?? randomBytes(16).toString('hex')
        const chain = await chainOf(source, self)
        let facts: MirrorFacts | undefined
        const outcome = await copySite({
          source,
          target,
          now,
          progress,
          check,
          waitSeconds,
          ...(etag === undefined || known?.end?.serial !== known?.start.serial ? {} : { etag }),
          ...(afterStep ? { afterStep } : {}),
          begin: async (list, needs) => {
            await checkRoom(options, target, list, needs)
            const start = { serial: list.serial, date: now().toISOString() }
            const { site, files, bytes } = list
            const end = known?.end ?? null
            facts = {
              schema: 'holotype.mirror/1',
              id: self,
              origin: source.address,
              chain,
              site,
              start,
              end,
              files,
              bytes,
            }
            if (known?.end?.serial !== list.serial) await writeFacts(target, facts)
          },
        })
        const done = outcome.copied
        if (done && facts && (known?.end?.serial !== done.serial || done.files > 0))
          await writeFacts(target, { ...facts, end: { serial: done.serial, date: now().toISOString() } })
        return outcome
      })
      const { copied } = outcome
      etag = outcome.etag
      const nothing = copied?.before === copied?.serial && copied?.files === 0 && copied.removed === 0
      return nothing ? { ...outcome, copied: undefined } : outcome
    },
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]()
      await target[Symbol.asyncDispose]()
    },
  }
}

/** @throws MIRROR_CYCLE */
async function chainOf(source: SiteSource, self: string): Promise<readonly string[]> {
  const above = await readMirrorFacts(source)
  if (!above) return []
  const chain = [above.id, ...above.chain]
  if (chain.includes(self))
    throw fail('MIRROR_CYCLE', {
      what: `${source.address} follows this mirror${above.id === self ? ': it is the same' : ''}`,
    })
  if (chain.length > MIRROR_CHAIN)
    throw fail('MIRROR_CYCLE', { what: `${source.address} is the end of a chain of ${chain.length} mirrors` })
  return chain
}

/** @throws MIRROR_QUOTA */
async function checkRoom(
  { quota }: MirrorOptions,
  target: SiteTarget,
  list: SiteList,
  { bytes, held }: CopyNeeds,
): Promise<void> {
  if (quota !== undefined && list.bytes + held > quota)
    throw fail('MIRROR_QUOTA', {
      what: `serial ${list.serial} has ${formatBytes(list.bytes)} beside ${formatBytes(held)} that are listed no more, and the quota is ${formatBytes(quota)}`,
      data: { bytes: list.bytes, held, quota },
    })
  const room = await target.room()
  if (room !== undefined && bytes > room)
    throw fail('MIRROR_QUOTA', {
      what: `${formatBytes(bytes)} are to be fetched, and ${target.address} has room for ${formatBytes(room)}`,
      data: { bytes, room },
    })
}

async function writeFacts(target: SiteTarget, facts: MirrorFacts): Promise<void> {
  await target.write(MIRROR_FILE, Buffer.from(`${JSON.stringify(facts)}\n`))
}

/** Tells when a site in a directory has another list. Of any other, never. */
class OriginWatch implements Disposable {
  readonly #directory: string | undefined
  #watcher: FSWatcher | undefined
  #tell = () => {}
  constructor(origin: string) {
    const url = new URL(origin)
    // A list is replaced by a rename, so it is the directory that is watched.
    this.#directory = url.protocol === 'file:' ? join(fileURLToPath(url), 'files') : undefined
  }
  /** The next news. A directory that cannot be watched, or no longer, is asked from time to time, and watched when it can be. */
  news(): Promise<void> {
    this.#watcher ??= this.#watch()
    return new Promise((resolve) => {
      this.#tell = resolve
    })
  }
  #watch(): FSWatcher | undefined {
    if (this.#directory === undefined) return undefined
    try {
      const watcher = watch(this.#directory)
      watcher.on('change', (_, name) => {
        if (name === LIST_FILE.slice('files/'.length)) this.#tell()
      })
      watcher.on('error', () => this[Symbol.dispose]())
      return watcher
    } catch {
      // It is not there yet, which the copy tells.
      return undefined
    }
  }
  [Symbol.dispose](): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }
}
