import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChannelStatement, openTrustClient } from '@holotype/trust'
import type { AgentConfig } from './config.ts'
import { fail } from './errors.ts'
import { FETCH_RETRY_MS, HTTP_IDLE_MS, STATEMENT_ATTEMPTS } from './limits.ts'
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
 * The channel's statement, verified, not older than the last one obeyed. Each mirror is asked by itself: files of two mirrors, one of them
 * behind, do not fit together.
 * @throws AGENT_STATEMENT_OLD, AGENT_SITE_UNREACHABLE, what `trust` throws
 */
export async function currentStatement(
  options: StatementOptions,
  config: AgentConfig,
  node: NodeState,
): Promise<ChannelStatement> {
  let failure: unknown
  for (const mirror of config.sites) {
    const site = openSite({ mirrors: [mirror], ...patience(options), attempts: STATEMENT_ATTEMPTS })
    try {
      return await statementFrom(site, options, config, node)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

async function statementFrom(
  site: Site,
  options: StatementOptions,
  config: AgentConfig,
  node: NodeState,
): Promise<ChannelStatement> {
  const client = openTrustClient({
    directory: join(options.state, 'trust'),
    initialRoot: readFileSync(join(options.state, 'root.json')),
    fetch: (path, maxBytes) => site.file(path, maxBytes),
    now: () => new Date(options.now()),
  })
  const { statement } = await client.refresh(config.channel)
  // The trust client keeps its own memory of this; the node's state is a second one, in case its cache was lost.
  if (statement.number < node.statement)
    throw fail('AGENT_STATEMENT_OLD', {
      what: `statement ${statement.number} of ${config.channel}, this node has obeyed ${node.statement}`,
    })
  return statement
}

/** With the defaults. */
export function patience({ idleMs = HTTP_IDLE_MS, retryMs = FETCH_RETRY_MS }: Patience) {
  return { idleMs, retryMs }
}
