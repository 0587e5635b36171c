import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cleanText,
  type Digest,
  digestOf,
  isErrorCode,
  type Progress,
  run,
  runTask,
  writeFileAtomic,
} from '@holotype/base'
import type { MinisignKey } from '@holotype/trust'
import { createHash } from 'node:crypto'
import { ROOT_OFFSET } from '../export/disk.ts'
import { SIGNATURE } from '../export/signed-list.ts'
import { BOOT_TRIES, GUEST_COMMAND_MS, SHOWN_CHARACTERS } from '../limits.ts'
import type { BootChecks } from './boot-checks.ts'
import { addGuestShell, type GuestShell, openGuestShell } from './guest-shell.ts'
import { accelerators, type Firmware, hasFirmware, type Machine, startMachine } from './machine.ts'

export interface CheckResult {
  /** `booted`, `system running`, `unit NAME`, `port tcp/22`, `no other ports`, `command …`, `survived the power cut`. */
  readonly check: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was seen, or why it was skipped. */
  readonly detail: string
}

export interface Boot {
  readonly boot: 'first' | 'after a power cut'
  readonly firmware: Firmware
  /** From the machine's start until its shell answered. */
  readonly milliseconds: number
  readonly checks: readonly CheckResult[]
}

/** What a boot check found: evidence of a script that reviews. */
export interface BootVerdict {
  readonly schema: 'holotype.boot-check/1'
  readonly image: Digest
  /** The disk that was exported and booted a copy of. */
  readonly disk: Digest
  readonly verdict: 'passed' | 'failed'
  readonly boots: readonly Boot[]
}

export interface BootCheckOptions {
  readonly image: Digest
  readonly architecture: string
  /** A raw disk of `exportImage`; it is copied. */
  readonly disk: { readonly path: string; readonly sha256: string }
  readonly checks: BootChecks
  /** Absent: BIOS, and UEFI where this machine has a firmware for it. */
  readonly firmware?: readonly Firmware[]
  /** Where the consoles' texts and the verdict with its signature are kept. */
  readonly directory: string
  readonly key: MinisignKey
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/**
 * Boots a copy of an exported disk, runs the image's checks inside over a serial port, pulls the plug while it writes, boots again and
 * checks again; with each firmware. The verdict is written to `boot-check.json`, signed beside.
 * @throws BOOT_FAILED (the machine cannot be made), PROCESS_NOT_FOUND (qemu, debugfs), DISK_FULL
 */
export async function bootCheck(options: BootCheckOptions): Promise<BootVerdict> {
  const { image, disk, directory, key, progress, signal } = options
  mkdirSync(directory, { recursive: true })
  const wanted: readonly Firmware[] = options.firmware ?? ['bios', 'uefi']
  const boots: Boot[] = []
  for (const firmware of wanted) {
    signal?.throwIfAborted()
    if (hasFirmware(firmware))
      boots.push(...(await runTask(progress, { title: `boot with ${firmware}` }, () => bootTwice(options, firmware))))
    else
      boots.push({
        boot: 'first',
        firmware,
        milliseconds: 0,
        checks: [
          { check: 'booted', outcome: 'skipped', detail: 'this machine has no firmware of that kind for its guests' },
        ],
      })
  }
  const outcomes = boots.flatMap(({ checks }) => checks.map(({ outcome }) => outcome))
  const verdict = {
    schema: 'holotype.boot-check/1',
    image,
    disk: `sha256:${disk.sha256}`,
    // What was skipped speaks neither way; nothing but that is no pass.
    verdict: outcomes.includes('passed') && !outcomes.includes('failed') ? 'passed' : 'failed',
    boots,
  } satisfies BootVerdict
  const bytes = Buffer.from(`${JSON.stringify(verdict, null, 2)}\n`)
  const path = join(directory, 'boot-check.json')
  writeFileAtomic(path, bytes)
  const comment = `image ${image} boot check ${verdict.verdict} ${digestOf(bytes)}`
  writeFileAtomic(`${path}${SIGNATURE}`, key.signDigest(createHash('blake2b512').update(bytes).digest(), comment))
  return verdict
}

async function bootTwice(options: BootCheckOptions, firmware: Firmware): Promise<Boot[]> {
  // A socket's path is short, and a directory of exports may lie deep.
  const scratch = mkdtempSync(join(tmpdir(), 'holotype-boot-'))
  const copy = join(options.directory, `${firmware}.disk`)
  try {
    await run(['cp', '--sparse=always', '--reflink=auto', options.disk.path, copy])
    await addGuestShell(copy, { offset: ROOT_OFFSET, scratch })
    const first = await bootOnce(options, { boot: 'first', firmware, copy, scratch })
    if (first.checks.some(({ check, outcome }) => check === 'booted' && outcome === 'failed')) return [first]
    return [first, await bootOnce(options, { boot: 'after a power cut', firmware, copy, scratch })]
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    rmSync(copy, { force: true })
  }
}

interface OneBoot {
  readonly boot: Boot['boot']
  readonly firmware: Firmware
  readonly copy: string
  readonly scratch: string
}

/** The emulator's fault and no image's: the guest measures its timer against a processor that was given to others meanwhile. */
const TIMER_PANIC = "IO-APIC + timer doesn't work"

async function bootOnce(options: BootCheckOptions, { boot, firmware, copy, scratch }: OneBoot): Promise<Boot> {
  const { architecture, checks, directory } = options
  const log = join(directory, `${firmware}-${boot === 'first' ? 'first' : 'again'}.log`)
  const left = [...accelerators()]
  for (let attempt = 1; ; attempt++) {
    const [accelerator = 'tcg'] = left
    const start = performance.now()
    await using machine = await startMachine({ disk: copy, architecture, firmware, accelerator, scratch, log })
    const milliseconds = () => Math.round(performance.now() - start)
    try {
      const shell = await openGuestShell(machine, {
        timeoutMs: checks.timeout * 1000,
        signal: options.signal,
      })
      const booted = {
        check: 'booted',
        outcome: 'passed',
        detail: `in ${Math.round(milliseconds() / 1000)} s`,
      } as const
      const took = milliseconds()
      const results = [booted, ...(await runChecks(shell, checks))]
      if (boot === 'first') await pullThePlug(shell, machine)
      else results.push(await survived(shell))
      return { boot, firmware, milliseconds: took, checks: results }
    } catch (error) {
      if (!isErrorCode(error, 'BOOT_FAILED')) throw error
      // Ended by itself before the image said a word: the accelerator, which this machine has and cannot use.
      if (left.length > 1 && machine.ended() !== undefined && machine.console() === '') {
        left.shift()
        continue
      }
      if (attempt < BOOT_TRIES && String(error.data['panic']).includes(TIMER_PANIC)) continue
      return {
        boot,
        firmware,
        milliseconds: milliseconds(),
        checks: [{ check: 'booted', outcome: 'failed', detail: error.message }],
      }
    }
  }
}

async function runChecks(shell: GuestShell, checks: BootChecks): Promise<CheckResult[]> {
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
  const tables = ['tcp', 'tcp6', 'udp', 'udp6'] as const
  const { output } = await shell.run(
    `for t in ${tables.join(' ')}; do sed "1d; s/^/$t /" /proc/net/$t 2>/dev/null; done; true`,
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

/** Sockets that wait for anyone: TCP in state LISTEN (0A), UDP not connected (07); Linux, Documentation/networking/proc_net_tcp.rst. */
export function parseSockets(text: string): { readonly port: string; readonly loopback: boolean }[] {
  return text.split('\n').flatMap((line) => {
    const [, table = '', address = '', hex = '', state] =
      /^(tcp6?|udp6?)\s+\d+:\s+([0-9A-F]+):([0-9A-F]{4})\s+\S+\s+([0-9A-F]{2})\s/.exec(line) ?? []
    if (state !== (table.startsWith('tcp') ? '0A' : '07')) return []
    // Words in the byte order of the machine: 127.x ends in 7F, ::1 is three zero words and 01000000.
    const loopback = address.length === 8 ? address.endsWith('7F') : address === '00000000000000000000000001000000'
    return [{ port: `${table.slice(0, 3)}/${Number.parseInt(hex, 16)}`, loopback }]
  })
}

const KEPT = '/var/lib/holotype-boot-check'

/** Leaves a file that was made durable, then pulls the plug while others are written. */
async function pullThePlug(shell: GuestShell, machine: Machine): Promise<void> {
  await shell.run(`echo kept > ${KEPT} && sync ${KEPT} && sync /var/lib`, GUEST_COMMAND_MS)
  await shell.run(
    `(while :; do dd if=/dev/urandom of=${KEPT}-torn bs=64k count=64 2>/dev/null; done) >/dev/null 2>&1 & sleep 2`,
    GUEST_COMMAND_MS,
  )
  await machine.cutPower()
}

async function survived(shell: GuestShell): Promise<CheckResult> {
  const { output } = await shell.run(`cat ${KEPT}`, GUEST_COMMAND_MS)
  return result('survived the power cut', output === 'kept', output === 'kept' ? 'what was synced is there' : output)
}

function result(check: string, passed: boolean, detail: string): CheckResult {
  const shown = cleanText(detail).slice(0, SHOWN_CHARACTERS)
  return { check: cleanText(check), outcome: passed ? 'passed' : 'failed', detail: shown }
}

/** One word of sh. */
function word(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
