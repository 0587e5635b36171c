import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareText, isErrorCode, removePath, writeFileAtomic } from '@holotype/base'
import { QUEUED_REPORTS } from '../limits.ts'
import type { RunReport } from '../protocol.ts'
import type { ServerClient } from './server-client.ts'

/** Puts a report where it outlives this process and a server that is away. The oldest ones go when there are too many. */
export function enqueue(state: string, report: RunReport): void {
  const directory = queueOf(state)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const name = `${report.started.replace(/[^0-9TZ]/g, '')}-${report.run}.json`
  writeFileAtomic(join(directory, name), JSON.stringify(report), 0o600)
  const names = queued(state)
  for (const old of names.slice(0, Math.max(0, names.length - QUEUED_REPORTS))) removePath(join(directory, old))
}

/** The reports that wait, oldest first. */
export function queued(state: string): string[] {
  try {
    return readdirSync(queueOf(state))
      .filter((name) => name.endsWith('.json'))
      .sort(compareText)
  } catch {
    return []
  }
}

/**
 * Sends what waits, oldest first; stops when the server is away (throws) and drops what it refuses for its form, as it will never take
 * it. Gives the refusals.
 */
export async function flushQueue(state: string, server: ServerClient): Promise<string[]> {
  const refused: string[] = []
  for (const name of queued(state)) {
    const path = join(queueOf(state), name)
    try {
      await server('POST', '/api/v1/runs', readFileSync(path, 'utf8'))
    } catch (error) {
      const status = isErrorCode(error, 'AGENT_SERVER_REFUSED') ? error.data.status : undefined
      // 401 and 403 speak of the node, not of the report: it waits.
      if (status === undefined || status === 401 || status === 403) throw error
      refused.push(isErrorCode(error, 'AGENT_SERVER_REFUSED') ? error.message : name)
    }
    removePath(path)
  }
  return refused
}

function queueOf(state: string): string {
  return join(state, 'queue')
}
