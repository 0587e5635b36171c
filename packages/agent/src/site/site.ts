import type { IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, digestOf, HolotypeError, hexOf } from '@holotype/base'
import { fail } from '../errors.ts'
import { FETCH_ATTEMPTS, FETCH_RETRY_MS } from '../limits.ts'
import { bodyChunks, discard, openRequest, readBody } from './http.ts'

/** Bytes that are not what their digest or index says: another mirror may have the right ones. */
export class WrongBytes extends Error {}

/** The published static files, from any of their mirrors. */
export interface Site {
  /** A file of the site, one byte longer than `maxBytes` if it is too long; undefined when every mirror says it has none. @throws AGENT_SITE_UNREACHABLE */
  file(path: string, maxBytes: number): Promise<Buffer | undefined>
  /** An object of a few megabytes, verified. @throws AGENT_SITE_UNREACHABLE, AGENT_OBJECT_MISSING, AGENT_OBJECT_CORRUPT */
  object(digest: Digest, maxBytes: number): Promise<Buffer>
  /**
   * The bytes of an object from what `sink` wants next to `end`. Goes on where a body broke off, with the next mirror.
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
  readonly mirrors: readonly string[]
  readonly idleMs: number
  readonly attempts?: number
  readonly retryMs?: number
}

/** Where an object lies below the site's base. */
export function objectPath(digest: Digest): string {
  const hex = hexOf(digest)
  return `objects/${hex.slice(0, 2)}/${hex.slice(2)}`
}

export function openSite(options: SiteOptions): Site {
  const { mirrors, idleMs, attempts = FETCH_ATTEMPTS, retryMs = FETCH_RETRY_MS } = options
  let preferred = 0
  let bytes = 0
  const bases = mirrors.map((mirror) => new URL(mirror.endsWith('/') ? mirror : `${mirror}/`))

  /** Tries until `attempt` gives a value; each failure moves on to the next mirror, for all requests that follow. */
  async function overMirrors<T>(path: string, attempt: (url: URL) => Promise<T>): Promise<T | undefined> {
    const absent = new Set<number>()
    const failures: string[] = []
    let wrong: WrongBytes | undefined
    for (let tries = 0; tries < Math.max(attempts, bases.length); tries++) {
      const index = preferred % bases.length
      const base = bases[index]
      if (!base || absent.size === bases.length) break
      try {
        return await attempt(new URL(path, base))
      } catch (error) {
        if (error instanceof HolotypeError) throw error
        if (error instanceof Absent) absent.add(index)
        if (error instanceof WrongBytes) wrong = error
        failures.push(`${base.host}: ${error instanceof Error ? error.message : String(error)}`)
        if (preferred % bases.length === index) preferred = index + 1
        // Only a mirror that was asked before is given time to recover.
        if (tries + 1 >= bases.length && !(error instanceof Absent)) await wait(retryMs * (tries + 1))
      }
    }
    if (absent.size === bases.length) return undefined
    const what = `${path}: ${[...new Set(failures)].slice(-4).join('; ')}`
    if (wrong) throw fail('AGENT_OBJECT_CORRUPT', { what, cause: wrong })
    throw fail('AGENT_SITE_UNREACHABLE', { what })
  }

  async function whole(url: URL, maxBytes: number): Promise<Buffer> {
    const body = await readBody(await open(url, {}, 200), maxBytes)
    bytes += body.length
    return body
  }

  async function open(url: URL, headers: Readonly<Record<string, string>>, wanted: number): Promise<IncomingMessage> {
    const answer = await openRequest(url, { idleMs, headers })
    const status = answer.statusCode ?? 0
    if (status === wanted || (status === 200 && wanted === 206)) return answer
    discard(answer)
    // A bucket without list permission says 403 for what is not there.
    if (status === 404 || status === 410 || status === 403) throw new Absent(`answered ${status}`)
    throw new Error(`answered ${status}`)
  }

  return {
    fetched: () => bytes,
    file: (path, maxBytes) => overMirrors(path, (url) => whole(url, maxBytes)),
    async object(digest, maxBytes) {
      const found = await overMirrors(objectPath(digest), async (url) => {
        const body = await whole(url, maxBytes)
        if (digestOf(body) !== digest) throw new WrongBytes(`wrong bytes for ${digest}`)
        return body
      })
      if (found) return found
      throw fail('AGENT_OBJECT_MISSING', { what: `no mirror has the object ${digest}` })
    },
    async range(digest, end, sink) {
      const done = await overMirrors(objectPath(digest), async (url) => {
        const from = sink.position()
        const answer = await open(url, { range: `bytes=${from}-${end - 1}` }, 206)
        // A server without ranges sends all from the start: what lies before is skipped.
        let at = answer.statusCode === 206 ? rangeStart(answer) : 0
        if (at > from) throw new WrongBytes(`asked from ${from}, got from ${at}`)
        for await (const chunk of bodyChunks(answer)) {
          bytes += chunk.length
          const position = sink.position()
          const useful = chunk.subarray(Math.min(chunk.length, Math.max(0, position - at)), Math.max(0, end - at))
          at += chunk.length
          if (useful.length > 0) await sink.feed(useful)
          if (at > end) break
        }
        if (sink.position() < end) throw new Error(`the answer ended at byte ${sink.position()} of ${end}`)
        return true
      })
      if (!done) throw fail('AGENT_OBJECT_MISSING', { what: `no mirror has the pack ${digest}` })
    },
  }
}

class Absent extends Error {}

function rangeStart(answer: IncomingMessage): number {
  const [, start] = /^bytes ([0-9]{1,15})-/.exec(answer.headers['content-range'] ?? '') ?? []
  if (start === undefined) throw new WrongBytes('a partial answer without its range')
  return Number(start)
}
