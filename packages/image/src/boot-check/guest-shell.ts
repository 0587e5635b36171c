import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, SYSTEM_PATH } from '@holotype/base'
import { fail } from '../errors.ts'
import { GUEST_OUTPUT_BYTES } from '../limits.ts'
import type { Machine } from './machine.ts'

/*
 * A root shell in the guest on its second serial port. An image has no password that would let one in, so the copy that is booted gets one
 * unit for it; the exported disk itself is not written to.
 */

const READY = 'holotype-guest-shell-ready'
const UNIT = 'holotype-guest-shell.service'
const UNIT_TEXT = `[Unit]
Description=Root shell for the boot check
DefaultDependencies=no
After=local-fs.target

[Service]
ExecStart=/bin/sh -c 'stty raw -echo; echo ${READY}; while read -r word; do echo "$$word" | base64 -d >/run/holotype-command; sh /run/holotype-command; done'
StandardInput=tty
StandardOutput=tty
StandardError=journal
TTYPath=/dev/ttyS1
`

const PLACE = '/etc/systemd/system'

/** What the shell is on the disk: nothing of the image's. */
export const SHELL_PATHS: readonly string[] = [`${PLACE}/${UNIT}`, `${PLACE}/sysinit.target.wants/${UNIT}`]

/** Text of sh that puts the shell's unit back for the next boot, where an agent removed it, and makes it durable. */
export const KEEP_SHELL = `mkdir -p ${PLACE}/sysinit.target.wants &&
echo ${Buffer.from(UNIT_TEXT).toString('base64')} | base64 -d >${PLACE}/${UNIT} &&
ln -sf ${PLACE}/${UNIT} ${PLACE}/sysinit.target.wants/${UNIT} && sync ${PLACE}/${UNIT}`

/** Adds the shell's unit to the root file system that begins at `offset` bytes of a disk. @throws PROCESS_*, BOOT_FAILED */
export async function addGuestShell(
  disk: string,
  { offset, scratch }: { readonly offset: number; readonly scratch: string },
): Promise<void> {
  const [unit, script] = [join(scratch, 'unit'), join(scratch, 'add-shell')]
  writeFileSync(unit, UNIT_TEXT)
  const lines = [
    `cd ${PLACE}`,
    `write ${unit} ${UNIT}`,
    `sif ${UNIT} mode 0100644`,
    'mkdir sysinit.target.wants',
    'cd sysinit.target.wants',
    `symlink ${UNIT} ${PLACE}/${UNIT}`,
  ]
  writeFileSync(script, `${lines.join('\n')}\n`)
  const { stderr } = await run(['debugfs', '-w', '-f', script, `${disk}?offset=${offset}`], {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
  })
  const complaints = stderr
    .split('\n')
    .filter((line) => line !== '' && !/^debugfs \d|mkdir: Ext2 directory already exists|already exists/.test(line))
  if (complaints.length > 0)
    throw fail('BOOT_FAILED', { what: `the shell's unit does not go onto the disk: ${complaints.join('; ')}` })
}

export interface GuestResult {
  readonly code: number
  readonly output: string
}

export interface GuestShell {
  /** Runs a text of sh as root. @throws BOOT_FAILED when it does not end in time or the machine ends */
  run(text: string, timeoutMs: number): Promise<GuestResult>
}

const POLL_MS = 50

/** Waits for the shell of a machine that boots. @throws BOOT_FAILED, the signal's reason */
export async function openGuestShell(
  machine: Machine,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<GuestShell> {
  let received = ''
  machine.shell.on('data', (chunk: Buffer) => {
    // The guest is hostile until it has passed: what it says is bounded.
    received = `${received}${chunk.toString('latin1')}`.slice(-GUEST_OUTPUT_BYTES)
  })
  machine.shell.on('error', () => machine.shell.destroy())
  const waitFor = async <Found>(find: () => Found | undefined, what: string, limit: number): Promise<Found> => {
    const passed = machine.startClock()
    for (;;) {
      signal?.throwIfAborted()
      const found = find()
      if (found !== undefined) return found
      const ended = machine.ended()
      const panic = /Kernel panic[^\r\n]*/.exec(machine.console())?.[0]
      if (ended !== undefined || panic !== undefined || passed() > limit)
        throw fail('BOOT_FAILED', {
          what: `${what}: ${panic ?? ended ?? `not within ${Math.round(limit / 1000)} s`}`,
          data: { console: machine.console().slice(-2000), panic: panic ?? null },
        })
      await sleep(POLL_MS)
    }
  }
  await waitFor(() => (received.includes(READY) ? true : undefined), 'the image did not boot to its shell', timeoutMs)
  return {
    async run(text, limit) {
      const mark = randomBytes(12).toString('hex')
      received = ''
      const script = `(${text}\n) 2>&1 </dev/null\nprintf '\\n%s %d\\n' ${mark} $?\n`
      machine.shell.write(`${Buffer.from(script).toString('base64')}\n`)
      const match = await waitFor(
        () => new RegExp(`\\n${mark} (\\d+)\\r?\\n`).exec(received) ?? undefined,
        'a check did not end',
        limit,
      )
      return { code: Number(match[1]), output: received.slice(0, match.index).replaceAll('\r', '').trim() }
    },
  }
}
