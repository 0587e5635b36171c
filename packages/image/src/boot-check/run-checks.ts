import { cleanText, parseSockets, SOCKET_TABLES } from '@holotype/base'
import { GUEST_COMMAND_MS, SHOWN_CHARACTERS } from '../limits.ts'
import type { BootChecks } from './boot-checks.ts'
import type { GuestShell } from './guest-shell.ts'

export interface CheckResult {
  /** `booted`, `system running`, `unit NAME`, `port tcp/22`, `no other ports`, `command …`, `survived the power cut`. */
  readonly check: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was seen, or why it was skipped. */
  readonly detail: string
}

/** What the spec demands of its booted image, and that no unit has failed. @throws BOOT_FAILED */
export async function runChecks(shell: GuestShell, checks: BootChecks): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  const state = await shell.run('systemctl is-system-running --wait', checks.timeout * 1000)
  for (const unit of checks.units) {
    const { code, output } = await shell.run(`systemctl is-active -- ${word(unit)}`, GUEST_COMMAND_MS)
    results.push(result(`unit ${unit}`, code === 0, output))
  }
  results.push(...(await checkPorts(shell, checks)))
  for (const { run: argv, timeout } of checks.commands) {
    const text = `timeout ${timeout} ${argv.map(word).join(' ')}`
    const { code, output } = await shell.run(text, timeout * 1000 + GUEST_COMMAND_MS)
    results.push(result(`command ${argv.join(' ')}`, code === 0, `exit ${code}: ${output}`))
  }
  // Last: a unit that is started again and again has failed for good only after some time.
  const failed = await shell.run(FAILED_UNITS, GUEST_COMMAND_MS)
  const names = failed.output.split('\n').map((line) => line.split(/\s+/)[0] ?? '')
  const unexpected = names.filter((name) => name !== '' && !checks.may_fail.includes(name))
  const running = state.output === 'running' || (state.output === 'degraded' && unexpected.length === 0)
  return [
    result('system running', running, state.output),
    ...results,
    result('no failed units', failed.code === 0 && unexpected.length === 0, unexpected.join(' ') || 'none'),
  ]
}

/** Failed, or about to be started again after it failed. */
const FAILED_UNITS = 'systemctl list-units --all --plain --no-legend --no-pager --state=failed,auto-restart'

async function checkPorts(shell: GuestShell, checks: BootChecks): Promise<CheckResult[]> {
  const { output } = await shell.run(
    `for t in ${SOCKET_TABLES.join(' ')}; do sed "1d; s/^/$t /" /proc/net/$t 2>/dev/null; done; true`,
    GUEST_COMMAND_MS,
  )
  const listening = parseSockets(output)
  const all = new Set(listening.map(({ port }) => port))
  const open = [...new Set(listening.filter(({ loopback }) => !loopback).map(({ port }) => port))]
  const others = open.filter((port) => !checks.ports.includes(port)).sort()
  return [
    ...checks.ports.map((port) => result(`port ${port}`, all.has(port), all.has(port) ? 'listens' : 'nothing listens')),
    ...(checks.other_ports ? [] : [result('no other ports', others.length === 0, others.join(' ') || 'none')]),
  ]
}

export function result(check: string, passed: boolean, detail: string): CheckResult {
  const shown = cleanText(detail).slice(0, SHOWN_CHARACTERS)
  return { check: cleanText(check), outcome: passed ? 'passed' : 'failed', detail: shown }
}

/** One word of sh. */
export function word(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
