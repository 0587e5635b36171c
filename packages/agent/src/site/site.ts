import type { IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, digestOf, HolotypeError, hexOf } from '@holotype/base'
import { fail } from '../errors.ts'
import {
  ADVANCE_BYTES,
  ANSWER_MS,
  FETCH_ATTEMPTS,
  FETCH_RETRY_MS,
  LEAST_BYTES_PER_SECOND,
  MIRROR_ATTEMPTS,
  SLOW_MS,
} from '../limits.ts'
import { bodyChunks, discard, openRequest, type Pace, readBody, Slow } from './http.ts'
import { byQuality, type Mirror, nameOf, tooSlow } from './mirrors.ts'

/** Bytes that are not what their digest or index says: another mirror may have the right ones. */
export class WrongBytes extends Error {}

/** The published static files, from any of their mirrors. */
export interface Site {
  /** A file of the site, one byte longer than `maxBytes` if it is too long; undefined when every mirror says it has none. @throws AGENT_SITE_UNREACHABLE */
  file(path: string, maxBytes: number): Promise<Buffer | undefined>
  /**
   * An object that fits into memory, verified; goes on where a body broke off. Of one whose size a statement gives not a byte more is taken,
   * whatever a mirror sends; of another one more than `maxBytes`, which are too many.
   * @throws AGENT_SITE_UNREACHABLE, AGENT_OBJECT_MISSING, AGENT_OBJECT_CORRUPT
   */
  object(digest: Digest, bytes: number | { readonly size: number }): Promise<Buffer>
  /**
   * The bytes of an object from what `sink` wants next to `end`. Goes on where a body broke off or became slow, with the best mirror of the others.
   * @throws AGENT_SITE_UNREACHABLE, AGENT_OBJECT_CORRUPT
   */
  range(digest: Digest, end: number, sink: RangeSink): Promise<void>
  /** Bytes of bodies read so far. */
  readonly fetched: () => number
}

export interface RangeSink {
  /** Where the next byte is to come from. */
  position(): number
  /** @throws WrongBytes after which `position` tells from where to try again */
  feed(chunk: Buffer): Promise<void> | void
}

export interface SiteOptions {
  readonly mirrors: readonly Mirror[]
  readonly idleMs: number
  readonly attempts?: number
  readonly retryMs?: number
  /** Ends all requests, and what waits for them with an error. */
  readonly signal?: AbortSignal
}

/** Where an object lies below the site's base. */
export function objectPath(digest: Digest): string {
  const hex = hexOf(digest)
  return `objects/${hex.slice(0, 2)}/${hex.slice(2)}`
}

export function openSite(options: SiteOptions): Site {
  const { mirrors, idleMs, attempts = FETCH_ATTEMPTS, retryMs = FETCH_RETRY_MS, signal } = options
  let bytes = 0

  /**
   * Tries until `attempt` gives a value: the best mirror first, after a failure another one, and one that gave wrong bytes only when all did.
   * `position`: how far the attempts have come.
   */
  async function overMirrors<T>(
    path: string,
    attempt: (request: Request) => Promise<T>,
    position: () => number = () => 0,
  ): Promise<T | undefined> {
    const absent = new Set<Mirror>()
    const failures = new Map<Mirror, Failure>()
    const failed = (mirror: Mirror) => failures.get(mirror)?.times ?? 0
    const most = attempts === 1 ? mirrors.length : Math.max(attempts, MIRROR_ATTEMPTS * mirrors.length)
    let furthest = position()
    const liars = new Set<Mirror>()
    for (let vain = 0; vain < most; ) {
      const there = byQuality(mirrors).filter((mirror) => !absent.has(mirror))
      const lied = (mirror: Mirror) => Number(liars.has(mirror))
      const [mirror] = there.toSorted((a, b) => lied(a) - lied(b) || failed(a) - failed(b))
      if (!mirror) break
      // Only a mirror that was asked before is given time to recover.
      if (failed(mirror) > 0) await wait(retryMs * vain, undefined, signal ? { signal } : {})
      const from = position()
      const others = there.filter((other) => other !== mirror && !other.isResting())
      try {
        const value = await attempt({ mirror, others, url: new URL(path, mirror.base) })
        mirror.succeeded()
        return value
      } catch (error) {
        if (error instanceof HolotypeError || signal?.aborted) throw error
        const reason = `${nameOf(mirror)}: ${error instanceof Error ? error.message : String(error)}`
        if (error instanceof Absent) absent.add(mirror)
        // What began before this mirror's first byte is begun anew: it may be another's bytes that are wrong.
        const isItsFault = !(error instanceof Absent || (error instanceof WrongBytes && position() < from))
        if (isItsFault && error instanceof WrongBytes) liars.add(mirror)
        failures.set(mirror, { times: failed(mirror) + Number(isItsFault), reason })
        // A slow one is better than none.
        if (isItsFault && !(error instanceof Slow && others.length > 0)) mirror.failed()
        const advanced = position() - furthest >= ADVANCE_BYTES
        vain = advanced ? 0 : vain + 1
        if (advanced) furthest = position()
      }
    }
    if (absent.size === mirrors.length) return undefined
    const reasons = [...failures.values()].slice(-4).map(({ reason }) => reason)
    const what = `${path}: ${reasons.join('; ')}`
    if (liars.size > 0) throw fail('AGENT_OBJECT_CORRUPT', { what })
    throw fail('AGENT_SITE_UNREACHABLE', { what })
  }

  async function open(request: Request, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { mirror, others, url } = request
    const asked = performance.now()
    const answerMs = others.length > 0 ? Math.min(ANSWER_MS, idleMs) : idleMs
    const answer = await openRequest(url, { idleMs, answerMs, headers, ...(signal ? { signal } : {}) })
    mirror.answered(performance.now() - asked)
    const status = answer.statusCode ?? 0
    if (status === 200 || (status === 206 && headers.range !== undefined)) return answer
    discard(answer)
    // A bucket without list permission says 403 for what is not there.
    if (status === 404 || status === 410 || status === 403) throw new Absent(`answered ${status}`)
    if (status === 416) throw new BeyondEnd(`answered ${status}`)
    if (status >= 300 && status < 400) throw new Error(`answered ${status}: redirects are not followed`)
    throw new Error(`answered ${status}`)
  }

  const paceOf = ({ mirror, others }: Request): Pace => ({
    overMs: others.length > 0 ? Math.min(SLOW_MS, idleMs) : idleMs,
    least: () => tooSlow(others.filter((other) => !other.isResting())) ?? LEAST_BYTES_PER_SECOND,
    measured: mirror.served,
  })

  /** To `end`, or to the end of the object, which is then no longer than `maxBytes`. What is asked for as a whole is asked for without a range, as caches like it. */
  async function stretch(request: Request, { end, maxBytes, whole = end === undefined }: Stretch, sink: RangeSink) {
    const from = sink.position()
    const last = end === undefined ? '' : end - 1
    const answer = await open(request, whole && from === 0 ? {} : { range: `bytes=${from}-${last}` })
    // A server without ranges sends all from the start: what lies before is skipped.
    const start = answer.statusCode === 206 ? rangeStart(answer) : 0
    if (start === undefined || start > from) {
      answer.destroy()
      throw new WrongBytes(`asked from ${from}, got from ${start ?? 'nowhere said'}`)
    }
    let at = start
    const endsThere = Number(answer.headers['content-length']) === (end ?? 0) - at
    for await (const chunk of bodyChunks(answer, paceOf(request))) {
      bytes += chunk.length
      const useful = chunk.subarray(
        Math.min(chunk.length, Math.max(0, sink.position() - at)),
        Math.max(0, (end ?? maxBytes + 1) - at),
      )
      at += chunk.length
      if (useful.length > 0) await sink.feed(useful)
      // What ends by itself leaves the connection for the next request; what does not is not waited for.
      if (at > (end ?? maxBytes) || (at === end && !endsThere)) break
    }
    if (sink.position() < (end ?? 0)) throw new Error(`the answer ended at byte ${sink.position()} of ${end}`)
  }

  return {
    fetched: () => bytes,
    file: (path, maxBytes) =>
      overMirrors(path, async (request) => {
        const body = await readBody(await open(request, {}), maxBytes, paceOf(request))
        bytes += body.length
        return body
      }),
    async object(digest, bytes) {
      const body = collector()
      const extent =
        typeof bytes === 'number' ? { maxBytes: bytes } : { end: bytes.size, maxBytes: bytes.size, whole: true }
      const found = await overMirrors(
        objectPath(digest),
        async (request) => {
          // What broke off at its very end is whole; what has more bytes than the object is none of it.
          await stretch(request, extent, body).catch((error: unknown) => {
            if (!(error instanceof BeyondEnd)) throw error
          })
          return body.take(digest)
        },
        () => body.position(),
      )
      if (found) return found
      throw fail('AGENT_OBJECT_MISSING', { what: `no mirror has the object ${digest}` })
    },
    async range(digest, end, sink) {
      const done = await overMirrors(
        objectPath(digest),
        async (request) => {
          await stretch(request, { end, maxBytes: end }, sink)
          return true
        },
        () => sink.position(),
      )
      if (!done) throw fail('AGENT_OBJECT_MISSING', { what: `no mirror has the pack ${digest}` })
    },
  }
}

/** One attempt: which mirror is asked, and which could be asked instead. */
interface Request {
  readonly mirror: Mirror
  readonly others: readonly Mirror[]
  readonly url: URL
}

/** What of an object is wanted. */
interface Stretch {
  readonly end?: number
  readonly maxBytes: number
  readonly whole?: boolean
}

interface Failure {
  readonly times: number
  readonly reason: string
}

class Absent extends Error {}

/** The object ends before the byte asked for. */
class BeyondEnd extends Error {}

/** Holds an object in memory while it comes in pieces. */
function collector(): RangeSink & { take(digest: Digest): Buffer } {
  let chunks: Buffer[] = []
  let length = 0
  return {
    position: () => length,
    feed(chunk) {
      chunks.push(chunk)
      length += chunk.length
    },
    take(digest) {
      const body = Buffer.concat(chunks)
      if (digestOf(body) === digest) return body
      chunks = []
      length = 0
      throw new WrongBytes(`wrong bytes for ${digest}`)
    },
  }
}

function rangeStart(answer: IncomingMessage): number | undefined {
  const [, start] = /^bytes ([0-9]{1,15})-/.exec(answer.headers['content-range'] ?? '') ?? []
  return start === undefined ? undefined : Number(start)
}
