import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HolotypeError, writeFileAtomic } from '@holotype/base'
import { type ChannelStatement, openTrustClient, TIMESTAMP_BYTES, TIMESTAMP_FILE } from '@holotype/trust'
import type { AgentConfig } from './config.ts'
import { fail } from './errors.ts'
import { asFields, asInteger } from './json.ts'
import { FETCH_RETRY_MS, HTTP_IDLE_MS, STATEMENT_ATTEMPTS, TIMESTAMPS_MS } from './limits.ts'
import { byQuality, type Mirror, nameOf, openMirrors } from './site/mirrors.ts'
import { openSite, type Site } from './site/site.ts'
import type { NodeState } from './state/node-state.ts'

/** How long a mirror is waited for. */
export interface Patience {
  /** Milliseconds a mirror may stay silent; default HTTP_IDLE_MS. */
  readonly idleMs?: number
  /** Milliseconds before a mirror is asked again, times the attempts so far; default FETCH_RETRY_MS. */
  readonly retryMs?: number
}

export interface StatementOptions extends Patience {
  readonly state: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * The channel's newest statement that some mirror has, verified, not older than the last one obeyed; one that repeats another has that one's number. All mirrors are asked for their timestamp, so
 * that one that stays behind keeps no node back where another one answers; those that are not much later than the first count. The rest of the
 * metadata comes from the mirror that the timestamp is of: files of two mirrors, one of them behind, do not fit together.
 * @throws AGENT_STATEMENT_OLD, AGENT_SITE_UNREACHABLE, what `trust` throws: with what each mirror did
 */
export async function currentStatement(
  options: StatementOptions,
  config: AgentConfig,
  node: NodeState,
): Promise<ChannelStatement> {
  const mirrors = byQuality(openMirrors(config.sites, options))
  const failures: HolotypeError[] = []
  // Those that failed lately only if the others have nothing.
  for (const group of [mirrors.filter((one) => !one.isResting()), mirrors.filter((one) => one.isResting())]) {
    const late = new Set(group)
    const enough = new AbortController()
    const asked = group.map(async (mirror) => {
      const offer = await askTimestamp(mirror, options, enough.signal)
      if (!enough.signal.aborted) late.delete(mirror)
      return offer
    })
    try {
      for await (const offers of earlyThenLate(asked)) {
        for (const offer of offers.toSorted((a, b) => b.version - a.version)) {
          try {
            const statement = await statementFrom(offer, options, config, node)
            offer.mirror.succeeded()
            for (const mirror of late) mirror.failed()
            return statement
          } catch (error) {
            if (!(error instanceof HolotypeError) || error.code === 'DISK_FULL') throw error
            offer.mirror.failed()
            failures.push(ofMirror(offer.mirror, error))
          }
        }
      }
    } finally {
      enough.abort()
    }
  }
  throw together(failures)
}

/** What a mirror has for a timestamp, not verified. */
interface Offer {
  readonly mirror: Mirror
  readonly site: Site
  readonly timestamp: Promise<Buffer | undefined>
  /** As it says itself; -1 if it says none. */
  readonly version: number
}

async function askTimestamp(mirror: Mirror, options: StatementOptions, signal: AbortSignal): Promise<Offer> {
  const site = openSite({ mirrors: [mirror], ...patience(options), attempts: STATEMENT_ATTEMPTS, signal })
  const timestamp = site.file(TIMESTAMP_FILE, TIMESTAMP_BYTES)
  return { mirror, site, timestamp, version: claimedVersion(await timestamp.catch(() => undefined)) }
}

/** First those that came at most TIMESTAMPS_MS after the first timestamp, then the others. */
async function* earlyThenLate(asked: readonly Promise<Offer>[]): AsyncGenerator<readonly Offer[]> {
  const came: Offer[] = []
  const enough = Promise.withResolvers<void>()
  const all = Promise.all(
    asked.map(async (one) => {
      const offer = await one
      came.push(offer)
      if (offer.version >= 0) setTimeout(enough.resolve, TIMESTAMPS_MS).unref()
    }),
  )
  await Promise.race([all, enough.promise])
  const early = came.length
  yield came.slice(0, early)
  await all
  yield came.slice(early)
}

/** Of bytes that nobody has verified yet. */
function claimedVersion(bytes: Buffer | undefined): number {
  try {
    const { signed } = asFields(JSON.parse(bytes?.toString() ?? ''), 'the timestamp')
    return asInteger(asFields(signed, 'signed').version, 'version')
  } catch {
    return -1
  }
}

async function statementFrom(
  { site, timestamp }: Offer,
  options: StatementOptions,
  config: AgentConfig,
  node: NodeState,
): Promise<ChannelStatement> {
  let first: Promise<Buffer | undefined> | undefined = timestamp
  const root = join(options.state, 'root.json')
  const client = openTrustClient({
    directory: join(options.state, 'trust'),
    initialRoot: readFileSync(root),
    onRoot: (bytes) => writeFileAtomic(root, bytes, 0o600),
    fetch(path, maxBytes) {
      const bytes = path === TIMESTAMP_FILE ? first : undefined
      // Under another root it is asked for again.
      if (bytes) first = undefined
      return bytes ?? site.file(path, maxBytes)
    },
    now: () => new Date(options.now()),
  })
  const { statement: signed } = await client.refresh(config.channel)
  // What was said before in the same words is obeyed already: signing it again changes nothing here.
  const statement = { ...signed, number: signed.renews ?? signed.number }
  // The trust client keeps its own memory of this; the node's state is a second one, in case its cache was lost.
  if (statement.number < node.statement)
    throw fail('AGENT_STATEMENT_OLD', {
      what: `statement ${statement.number} of ${config.channel}, this node has obeyed ${node.statement}`,
    })
  return statement
}

/** With the name of the mirror. */
function ofMirror(mirror: Mirror, error: HolotypeError): HolotypeError {
  return error.code === 'AGENT_SITE_UNREACHABLE' ? error : reworded(error, `${error.message} (${nameOf(mirror)})`)
}

/** What each mirror did, under the code of the first that could be asked at all. */
export function together(failures: readonly HolotypeError[]): HolotypeError {
  const reached = failures.filter(({ code }) => code !== 'AGENT_SITE_UNREACHABLE')
  const [first] = reached.length > 0 ? reached : failures
  if (!first) return fail('AGENT_SITE_UNREACHABLE', { what: 'the configuration names no site' })
  const others = failures.filter((error) => error !== first)
  return reworded(first, [first, ...others].map(({ message }) => message).join('; '))
}

function reworded({ code, kind, hint, data, cause }: HolotypeError, what: string): HolotypeError {
  return new HolotypeError(code, { kind, hint, when: '' }, { what, data, cause })
}

/** With the defaults. */
export function patience({ idleMs = HTTP_IDLE_MS, retryMs = FETCH_RETRY_MS }: Patience) {
  return { idleMs, retryMs }
}
