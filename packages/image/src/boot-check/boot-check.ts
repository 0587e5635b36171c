import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf, type Progress, run, runTask, writeFileAtomic } from '@holotype/base'
import type { MinisignKey } from '@holotype/trust'
import { ROOT_OFFSET } from '../export/disk.ts'
import { SIGNATURE } from '../export/signed-list.ts'
import { GUEST_COMMAND_MS } from '../limits.ts'
import type { BootChecks } from './boot-checks.ts'
import { type Boot, bootOnce } from './boot-once.ts'
import { addGuestShell, type GuestShell } from './guest-shell.ts'
import { type Firmware, hasFirmware, type Machine } from './machine.ts'
import { type CheckResult, result, runChecks } from './run-checks.ts'
import { type Upgrade, upgradeAndBack } from './upgrade.ts'

/** What a boot check found: evidence of a script that reviews. */
export interface BootVerdict {
  readonly schema: 'holotype.boot-check/1'
  readonly image: Digest
  /** The disk that was exported and booted a copy of. */
  readonly disk: Digest
  /** The image and its disk from which a node was brought to `image` and back. */
  readonly upgraded_from?: { readonly image: Digest; readonly disk: Digest }
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
  /** Absent: no upgrade is tried. */
  readonly upgrade?: Upgrade
  /** Where the consoles' texts and the verdict with its signature are kept. */
  readonly directory: string
  readonly key: MinisignKey
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/**
 * Boots a copy of an exported disk, runs the image's checks inside over a serial port, pulls the plug while it writes, boots again and
 * checks again; with each firmware. With `upgrade`, a node of another image is then brought to this one and back by its agent. The verdict
 * is written to `boot-check.json`, signed beside.
 * @throws BOOT_FAILED (the machine cannot be made), PROCESS_NOT_FOUND (qemu, debugfs, mke2fs), OBJECT_*, DISK_FULL
 */
export async function bootCheck(options: BootCheckOptions): Promise<BootVerdict> {
  const { image, disk, directory, key, progress, signal, upgrade } = options
  mkdirSync(directory, { recursive: true })
  const wanted: readonly Firmware[] = options.firmware ?? ['bios', 'uefi']
  const boots: Boot[] = []
  for (const firmware of wanted) {
    signal?.throwIfAborted()
    if (hasFirmware(firmware))
      boots.push(
        ...(await runTask(progress, { title: `boot with ${firmware}` }, () =>
          withCopy(options, { disk, firmware }, (copy) => bootTwice(options, copy)),
        )),
      )
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
  // Once: what the agent does is the same whoever loaded the kernel.
  const firmware = wanted.find(hasFirmware)
  if (upgrade && firmware)
    boots.push(
      ...(await runTask(progress, { title: 'upgrade and back' }, () =>
        withCopy(options, { disk: upgrade.disk, firmware }, (copy) =>
          upgradeAndBack({ ...options, ...copy, upgrade, signal }),
        ),
      )),
    )
  const outcomes = boots.flatMap(({ checks }) => checks.map(({ outcome }) => outcome))
  const verdict = {
    schema: 'holotype.boot-check/1',
    image,
    disk: `sha256:${disk.sha256}`,
    ...(upgrade ? { upgraded_from: { image: upgrade.image, disk: `sha256:${upgrade.disk.sha256}` as const } } : {}),
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

/** A copy of a disk that has the shell, to boot with a firmware. */
interface Copy {
  readonly firmware: Firmware
  readonly disk: string
  readonly scratch: string
}

async function withCopy(
  { directory }: BootCheckOptions,
  { disk, firmware }: { readonly disk: BootCheckOptions['disk']; readonly firmware: Firmware },
  use: (copy: Copy) => Promise<Boot[]>,
): Promise<Boot[]> {
  // A socket's path is short, and a directory of exports may lie deep.
  const scratch = mkdtempSync(join(tmpdir(), 'holotype-boot-'))
  const copy = join(directory, `${firmware}.disk`)
  try {
    await run(['cp', '--sparse=always', '--reflink=auto', disk.path, copy])
    await addGuestShell(copy, { offset: ROOT_OFFSET, scratch })
    return await use({ firmware, disk: copy, scratch })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    rmSync(copy, { force: true })
  }
}

async function bootTwice(options: BootCheckOptions, copy: Copy): Promise<Boot[]> {
  const { checks, signal } = options
  const common = { ...options, ...copy, signal, timeoutMs: checks.timeout * 1000 }
  const first = await bootOnce({ ...common, boot: 'first' }, async (shell, machine, results) => {
    results.push(...(await runChecks(shell, checks)))
    await pullThePlug(shell, machine)
  })
  if (first.checks.some(({ check, outcome }) => check === 'booted' && outcome === 'failed')) return [first]
  const again = await bootOnce({ ...common, boot: 'after a power cut' }, async (shell, _machine, results) => {
    results.push(...(await runChecks(shell, checks)), await survived(shell))
  })
  return [first, again]
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
