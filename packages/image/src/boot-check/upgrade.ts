import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest, Progress } from '@holotype/base'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { GUEST_AGENT_MS } from '../limits.ts'
import { type AgentProgram, makeAgentDisk } from './agent-disk.ts'
import type { BootChecks } from './boot-checks.ts'
import { type Boot, bootOnce, passed } from './boot-once.ts'
import {
  asItWas,
  type GuestAgent,
  type GuestNode,
  moveTo,
  openAgent,
  RUN,
  restart,
  STATE,
  still,
} from './guest-node.ts'
import { KEEP_SHELL } from './guest-shell.ts'
import type { Firmware } from './machine.ts'

/*
 * A node of the image before, on its own disk, is brought to the next image in place: once its plug is pulled while the agent writes, then
 * in full. It is started anew, brought back in place, and started anew.
 * After each step the agent reads every file and compares, so what a boot itself changes shows too: a path that belongs to the node and that
 * the spec does not exclude.
 */

export interface Upgrade {
  readonly store: Store
  readonly agent: AgentProgram
  /** The image that the node is at before. */
  readonly image: Digest
  readonly disk: { readonly path: string; readonly sha256: string }
  readonly checks: BootChecks
}

export interface UpgradeOptions {
  readonly upgrade: Upgrade
  /** The image that the node is brought to. */
  readonly image: Digest
  readonly checks: BootChecks
  readonly architecture: string
  readonly firmware: Firmware
  /** A copy of the disk of the image before, with the guest's shell. */
  readonly disk: string
  readonly scratch: string
  readonly directory: string
  readonly progress: Progress
  readonly signal: AbortSignal | undefined
}

type Stage = readonly [Boot['boot'], BootChecks, (node: GuestNode) => Promise<void>]

/** Stops after a boot with a failed check: what follows would tell of nothing else. @throws BOOT_FAILED, PROCESS_*, OBJECT_*, DISK_FULL */
export async function upgradeAndBack(options: UpgradeOptions): Promise<Boot[]> {
  const { upgrade, image, checks, directory, progress } = options
  const workshop = join(directory, 'upgrade')
  try {
    mkdirSync(workshop, { recursive: true })
    const images = [upgrade.image, image, upgrade.image]
    const disk = await makeAgentDisk({ ...upgrade, images, scratch: workshop, progress })
    const before = { image: upgrade.image, checks: upgrade.checks }
    const next = { image, checks }
    const stages: readonly Stage[] = [
      [
        'before the upgrade',
        upgrade.checks,
        async ({ machine, results, agent }) => {
          results.push(await asItWas(agent, upgrade.image))
          await cutOff(agent, 2)
          await machine.cutPower()
        },
      ],
      [
        'after a power cut in the upgrade',
        checks,
        async (node) => {
          await moveTo(node, { ...next, statement: 2, step: 'upgrade in place' })
          await restart(node)
        },
      ],
      [
        'after the upgrade',
        checks,
        async (node) => {
          await still(node, checks)
          await moveTo(node, { ...before, statement: 3, step: 'back in place' })
          await restart(node)
        },
      ],
      ['after the way back', upgrade.checks, (node) => still(node, upgrade.checks)],
    ]
    const boots: Boot[] = []
    for (const [name, { timeout }, work] of stages) {
      if (!boots.every(passed)) break
      const started = { ...options, boot: name, second: disk.path, timeoutMs: timeout * 1000 }
      boots.push(
        await bootOnce(started, async (shell, machine, results) => {
          await work({ shell, machine, results, agent: await openAgent(shell, disk) })
        }),
      )
    }
    return boots
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/**
 * Starts an upgrade and returns while the agent writes. What it wrote is made durable as it would be at any moment: when another program
 * makes a file of its own durable, the file system's journal takes all names with it, and no bytes.
 */
async function cutOff({ shell, text }: GuestAgent, statement: number): Promise<void> {
  const journal = `${STATE}/journal.json`
  const { code } = await shell.run(
    `(${text(RUN, statement)}) >/run/holotype-cut 2>&1 & run=$!
until test -e ${journal} || ! kill -0 $run; do sleep 0.1; done
sleep 1; ${KEEP_SHELL} && test -e ${journal}`,
    GUEST_AGENT_MS,
  )
  if (code !== 0) throw fail('BOOT_FAILED', { what: 'the agent was not at work when the power was to be cut' })
}
