import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { agentProgram } from '@holotype/agent'
import { type Digest, isDigest, run, silent, SYSTEM_PATH } from '@holotype/base'
import { bootChecksOf, readManifest } from '@holotype/image'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { makeAgentDisk } from '../packages/image/src/boot-check/agent-disk.ts'
import { type Boot, bootOnce, passed } from '../packages/image/src/boot-check/boot-once.ts'
import {
  asItWas,
  type GuestNode,
  type Move,
  moveTo,
  openAgent,
  restart,
  still,
} from '../packages/image/src/boot-check/guest-node.ts'
import { addGuestShell } from '../packages/image/src/boot-check/guest-shell.ts'
import { ROOT_OFFSET } from '../packages/image/src/export/disk.ts'
import { type ImageName, JUDGED, writeDistribution } from './live-root/distribution.ts'
import { initIsNew, restartsIn, versionsIn } from './live-root/guest.ts'
import { KINDS, type Ports, startTraffic } from './live-root/traffic.ts'

/*
 * A Debian system that runs in qemu is moved in place to an image with another libc, systemd, OpenSSH, OpenSSL and nginx, while a client
 * out here keeps its services and an ssh session busy; it restarts, is moved back under the same traffic, and restarts. What was seen is
 * written to work/live-root/verdict.json, with the consoles beside it.
 */

const ROOT = join(import.meta.dirname, '..')
const PLACE = join(ROOT, 'work/live-root')
const HOUR = 60 * 60_000
/** Traffic before the move and after it. */
const CALM_MS = 10_000
/** A kind of request that was made less often has shown nothing. */
const LEAST_REQUESTS = { http: 50, echo: 50, 'echo connection': 50, 'ssh session': 50, 'ssh login': 5 } as const

const missing = ['qemu-system-x86_64', 'ssh', 'ssh-keygen'].filter((name) => spawnSync('which', [name]).status !== 0)
const reason =
  process.env['LIVE_ROOT'] === undefined
    ? 'skipped but in `make live-root`: a quarter of an hour where qemu emulates, an hour where it shares the processors'
    : process.getuid?.() !== 0
      ? 'skipped, because it needs root: images hold files of many owners'
      : missing.length > 0
        ? `skipped, because there is no ${missing.join(', ')}`
        : undefined

interface Seen {
  readonly requests: number
  readonly failed: number
  /** Those of them that no restart by a trigger explains. */
  readonly unexplained: readonly string[]
  readonly longestGapMs: number
}

interface SeenMove {
  readonly to: Digest
  readonly versions: Readonly<Record<string, string>>
  readonly traffic: Readonly<Record<string, Seen>>
  readonly restarts: readonly { readonly unit: string; readonly milliseconds: number }[]
  /** Whether PID 1 runs the new program and the new libraries. */
  readonly initIsNew: boolean
}

test.skipIf(reason !== undefined)(
  `a live root is moved under load and nobody notices but where a trigger restarts a service${reason ? ` (${reason})` : ''}`,
  // Far off, as that of a step is: what happens in the guest has limits of its own, which a busy machine does not reach sooner.
  { timeout: 12 * HOUR },
  async () => {
    mkdirSync(PLACE, { recursive: true })
    const key = join(PLACE, 'key')
    if (!existsSync(key)) await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key])
    writeDistribution(PLACE, `${key}.pub`)
    await holotype('admin', 'keys', 'create').catch((error: unknown) => {
      if (!existsSync(join(PLACE, '.holotype/keys'))) throw error
    })
    const [before, after] = [await composed('before'), await composed('after')]
    await holotype('image', 'export', 'before', '--kind', 'raw')
    const exported = join(PLACE, '.holotype/exports/before/candidate/before-amd64.raw')

    const store = openStore(join(PLACE, '.holotype/store'))
    const scratch = mkdtempSync(join(tmpdir(), 'holotype-live-'))
    const workshop = join(PLACE, 'workshop')
    try {
      rmSync(workshop, { recursive: true, force: true })
      mkdirSync(workshop)
      const disk = join(workshop, 'node.disk')
      await run(['cp', '--sparse=always', '--reflink=auto', exported, disk])
      await addGuestShell(disk, { offset: ROOT_OFFSET, scratch })
      const images = [before, after, before]
      const agent = { file: agentProgram, node: process.execPath }
      const second = await makeAgentDisk({ store, agent, images, scratch: workshop, progress: silent })

      const ports = { ssh: await freePort(), http: await freePort(), echo: await freePort() }
      const forwards = [
        { from: ports.ssh, to: 22 },
        { from: ports.http, to: 80 },
        { from: ports.echo, to: 7 },
      ]
      const checks = (image: Digest) => bootChecksOf(store, readManifest(store, image))
      const boots: Boot[] = []
      const moves: SeenMove[] = []
      const noticed: string[] = []
      const boot = async (name: Boot['boot'], image: Digest, work: (node: GuestNode) => Promise<void>) => {
        if (!boots.every(passed)) return
        say(name)
        const timeoutMs = checks(image).timeout * 1000
        const common = { firmware: 'bios', architecture: 'amd64', directory: PLACE, signal: undefined } as const
        const options = { ...common, boot: name, disk, second: second.path, forwards, scratch, timeoutMs }
        const booted = await bootOnce(options, async (shell, machine, results) => {
          await work({ shell, machine, results, agent: await openAgent(shell, second) })
        })
        boots.push(booted)
        for (const { check, outcome, detail } of booted.checks) say(`${check} ${outcome}: ${detail.split('\n')[0]}`)
      }
      const moved = async (node: GuestNode, move: Omit<Move, 'checks'>) => {
        const seen = await moveUnderLoad(node, { ...move, checks: checks(move.image) }, { ports, key })
        moves.push(seen)
        say(JSON.stringify(seen))
        await restart(node)
      }

      await boot('before the upgrade', before, async (node) => {
        node.results.push(await asItWas(node.agent, before))
        await moved(node, { statement: 2, image: after, step: 'upgrade in place' })
      })
      await boot('after the upgrade', after, async (node) => {
        await still(node, checks(after))
        await moved(node, { statement: 3, image: before, step: 'back in place' })
      })
      await boot('after the way back', before, async (node) => {
        await still(node, checks(before))
        noticed.push(...(await unexplainedOutage(node, { ports, key })))
      })

      const verdict = { schema: 'holotype.live-root/1', before, after, moves, noticed, boots }
      writeFileSync(join(PLACE, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`)
      expect(boots.flatMap((each) => each.checks.filter(({ outcome }) => outcome !== 'passed'))).toEqual([])
      expect(boots).toHaveLength(3)
      expect(noticed).toEqual(['echo', 'echo connection'])
      const [forth, back] = moves
      if (!forth || !back) throw new Error('not moved')
      for (const name of JUDGED) expect(forth.versions[name], name).not.toBe(back.versions[name])
      for (const { traffic, restarts, initIsNew: fresh } of moves) {
        expect(fresh).toBe(true)
        expect(restarts.map(({ unit }) => unit).sort()).toEqual(['nginx.service', 'ssh.service'])
        for (const kind of KINDS) {
          expect(traffic[kind]?.unexplained, kind).toEqual([])
          expect(traffic[kind]?.requests, kind).toBeGreaterThanOrEqual(LEAST_REQUESTS[kind])
        }
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true })
      rmSync(workshop, { recursive: true, force: true })
    }
  },
)

interface Client {
  readonly ports: Ports
  readonly key: string
}

/** The kinds of request that notice when a service stops that no trigger restarts: so this test can fail. */
async function unexplainedOutage({ shell, machine }: GuestNode, { ports, key }: Client): Promise<string[]> {
  const traffic = await startTraffic({ ports, startClock: machine.startClock }, key)
  await sleep(CALM_MS)
  await shell.run('systemctl stop echo.service; sleep 3; systemctl start echo.service', CALM_MS * 6)
  await sleep(CALM_MS)
  const tallies = await traffic.stop()
  return KINDS.filter((kind) => tallies[kind].failures.length > 0)
}

/** Moves a system that runs to an image, with traffic from before until after. */
async function moveUnderLoad(node: GuestNode, move: Move, { ports, key }: Client): Promise<SeenMove> {
  const since = Date.now()
  const traffic = await startTraffic({ ports, startClock: node.machine.startClock }, key)
  await sleep(CALM_MS)
  await moveTo(node, move).finally(() => sleep(CALM_MS))
  const tallies = await traffic.stop()
  const restarts = await restartsIn(node.shell, since)
  const seen = KINDS.map((kind): [string, Seen] => {
    const { requests, failures, longestGapMs } = tallies[kind]
    const unexplained = failures.filter(
      ({ from, to }) => !restarts.some((one) => one.kind === kind && from <= one.to && to >= one.from),
    )
    return [
      kind,
      { requests, failed: failures.length, unexplained: unexplained.map(({ error }) => error), longestGapMs },
    ]
  })
  return {
    to: move.image,
    versions: Object.fromEntries(await versionsIn(node.shell)),
    traffic: Object.fromEntries(seen),
    restarts: restarts.map(({ unit, from, to }) => ({ unit, milliseconds: Math.round(to - from) })),
    initIsNew: await initIsNew(node.shell),
  }
}

/** Nothing long runs silently. */
function say(text: string): void {
  process.stderr.write(`live root: ${text}\n`)
}

async function holotype(...args: readonly string[]): Promise<string> {
  say(`holotype ${args.join(' ')}`)
  const env = { PATH: SYSTEM_PATH, HOME: PLACE, CI: '1' }
  const { stdout } = await run([join(ROOT, 'bin/holotype'), ...args], { cwd: PLACE, timeoutMs: 3 * HOUR, env })
  return stdout.toString()
}

async function composed(name: ImageName): Promise<Digest> {
  await holotype('image', 'lock', name)
  const text = await holotype('image', 'compose', name, '--json')
  return z.object({ image: z.custom<Digest>((value) => isDigest(value)) }).parse(JSON.parse(text)).image
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
