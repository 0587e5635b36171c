import { fail } from 'node:assert/strict'
import type { GuestShell } from '../../packages/image/src/boot-check/guest-shell.ts'
import { JUDGED } from './distribution.ts'
import type { Kind } from './traffic.ts'

/*
 * What the guest says of itself.
 */

const COMMAND_MS = 120_000

async function said(shell: GuestShell, text: string): Promise<string> {
  const { code, output } = await shell.run(text, COMMAND_MS)
  return code === 0 ? output : fail(`${text}: exit ${code}: ${output}`)
}

/** The versions of what is judged, as dpkg in the guest has them, by package. */
export async function versionsIn(shell: GuestShell): Promise<ReadonlyMap<string, string>> {
  const text = await said(shell, `dpkg-query --show --showformat '\${Package} \${Version}\\n' ${JUDGED.join(' ')}`)
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', version = ''] = line.split(' ')
      return [name, version] as const
    }),
  )
}

/** True when PID 1 runs the program that lies there now, and not one that was replaced. */
export async function initIsNew(shell: GuestShell): Promise<boolean> {
  return !(await said(shell, 'readlink /proc/1/exe; cat /proc/1/maps')).includes('(deleted)')
}

/** Which unit a trigger restarts, by the kind of request that may fail meanwhile. No other may. */
const RESTARTED: Partial<Record<Kind, string>> = { http: 'nginx.service', 'ssh login': 'ssh.service' }

export interface Restart {
  readonly kind: string
  readonly unit: string
  /** Milliseconds since the epoch by this machine's clock, as exactly as the guest's could be read. */
  readonly from: number
  readonly to: number
}

/** When the units were down since a time, by the journal. */
export async function restartsIn(shell: GuestShell, since: number): Promise<Restart[]> {
  const clock = await clockOf(shell)
  const restarts: Restart[] = []
  for (const [kind, unit] of Object.entries(RESTARTED)) {
    const from = Math.floor((since + clock.ahead) / 1000)
    const journal = await said(
      shell,
      `journalctl --quiet --no-pager --output short-unix --since @${from} --unit ${unit}`,
    )
    let stopping: number | undefined
    for (const line of journal.split('\n')) {
      const [, seconds, what] = /^(\d+\.\d+) \S+ systemd\[1\]: (Stopping|Started) /.exec(line) ?? []
      const at = Number(seconds) * 1000 - clock.ahead
      if (what === 'Stopping') stopping = at - clock.error
      if (what !== 'Started' || stopping === undefined) continue
      restarts.push({ kind, unit, from: stopping, to: at + clock.error })
      stopping = undefined
    }
  }
  return restarts
}

/** How far the guest's clock is ahead of this machine's, in milliseconds, and by how much that may be wrong. */
async function clockOf(shell: GuestShell): Promise<{ readonly ahead: number; readonly error: number }> {
  const tries: { readonly ahead: number; readonly error: number }[] = []
  for (let count = 0; count < 5; count++) {
    const from = Date.now()
    const guest = Number(await said(shell, 'date +%s%3N'))
    const error = (Date.now() - from) / 2
    tries.push({ ahead: guest - (from + error), error: Math.ceil(error) })
  }
  return tries.sort((a, b) => a.error - b.error)[0] ?? fail('no clock')
}
