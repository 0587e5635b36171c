import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { cleanText, isErrorCode, parseSockets, run, SOCKET_TABLES } from '@holotype/base'
import type { HealthChecks } from '@holotype/image'
import { messageOf } from '../explain.ts'
import { HEALTH_DETAIL_CHARACTERS, HEALTH_ROUND_MS, HEALTH_ROUNDS, UNIT_TIMEOUT_MS } from '../limits.ts'
import { openRequest } from '../site/http.ts'
import { runInRoot } from '../triggers.ts'

/** A health check and what was seen: `port tcp/443`, `nothing listens`. */
export interface CheckResult {
  readonly check: string
  readonly passed: boolean
  readonly detail: string
}

/** A check that can be made again and again. */
interface Check {
  readonly name: string
  /** Undefined when it passes, else what was seen. */
  readonly failure: () => Promise<string | undefined>
}

/**
 * Makes the health checks of an image, each until it passes in several rounds running or the grace time is over. A failure of one is its
 * result. Units are asked of systemd only where the root is the running system's.
 */
export async function checkHealth(
  health: HealthChecks,
  options: {
    readonly root: string
    /** Milliseconds; defaults HEALTH_ROUND_MS. */
    readonly roundMs?: number
  },
): Promise<CheckResult[]> {
  const { root, roundMs = HEALTH_ROUND_MS } = options
  const end = performance.now() + health.grace * 1000
  const passed = new Map<Check, number>()
  const checks = checksOf(health, root)
  for (;;) {
    const waiting = checks.filter((check) => (passed.get(check) ?? 0) < HEALTH_ROUNDS)
    const failures = await Promise.all(waiting.map(async (check) => ({ check, failure: await check.failure() })))
    for (const { check, failure } of failures)
      passed.set(check, failure === undefined ? (passed.get(check) ?? 0) + 1 : 0)
    const failed = failures.filter(({ failure }) => failure !== undefined)
    const settled = checks.every((check) => (passed.get(check) ?? 0) >= HEALTH_ROUNDS)
    if (settled || (failed.length > 0 && performance.now() >= end))
      return checks.map((check) => {
        const seen = failed.find((other) => other.check === check)?.failure
        const detail = cleanText(seen ?? '').slice(-HEALTH_DETAIL_CHARACTERS)
        return { check: cleanText(check.name), passed: seen === undefined, detail }
      })
    await wait(roundMs)
  }
}

function checksOf(health: HealthChecks, root: string): Check[] {
  return [
    ...(root === '/' ? health.units : []).map((unit) => ({
      name: `unit ${unit}`,
      failure: () => unitFailure(unit),
    })),
    ...health.ports.map((port) => ({
      name: `port ${port}`,
      failure: () => Promise.resolve(listeningPorts().has(port) ? undefined : 'nothing listens'),
    })),
    ...health.commands.map(({ run: argv, timeout }) => ({
      name: `command ${argv.join(' ')}`,
      failure: async () => {
        const { exit, output } = await runInRoot(argv, { root, seconds: timeout })
        return exit === 0 ? undefined : `exit ${exit}${output === '' ? '' : `: ${output}`}`
      },
    })),
    ...health.http.map(({ url, status, timeout }) => ({
      name: `http ${url}`,
      failure: () => httpFailure(url, status, timeout * 1000),
    })),
  ]
}

async function unitFailure(unit: string): Promise<string | undefined> {
  try {
    const { code, stdout } = await run(['systemctl', 'is-active', '--', unit], {
      timeoutMs: UNIT_TIMEOUT_MS,
      // systemctl(1), is-active: 3 for a unit that is not, 4 for one that is not known.
      okCodes: [0, 3, 4],
    })
    return code === 0 ? undefined : stdout.toString().trim()
  } catch (error) {
    return isErrorCode(error, 'PROCESS_NOT_FOUND') ? 'there is no systemctl to ask' : messageOf(error)
  }
}

function listeningPorts(): ReadonlySet<string> {
  const lines = SOCKET_TABLES.flatMap((table) => {
    try {
      const rows = readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)
      return rows.map((row) => `${table} ${row}`)
    } catch {
      // A kernel without IPv6 has no such table.
      return []
    }
  })
  return new Set(parseSockets(lines.join('\n')).map(({ port }) => port))
}

async function httpFailure(url: string, status: number, timeoutMs: number): Promise<string | undefined> {
  try {
    const answer = await openRequest(new URL(url), { idleMs: timeoutMs, totalMs: timeoutMs })
    answer.destroy()
    return answer.statusCode === status ? undefined : `answered ${answer.statusCode}`
  } catch (error) {
    return messageOf(error)
  }
}
