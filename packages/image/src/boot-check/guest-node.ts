import { setTimeout as sleep } from 'node:timers/promises'
import { type Digest, isErrorCode, shortDigest } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { GUEST_AGENT_MS, GUEST_COMMAND_MS, GUEST_SHUTDOWN_MS, UPGRADE_PATHS_SHOWN } from '../limits.ts'
import { type AgentDisk, DISK_LABEL } from './agent-disk.ts'
import type { BootChecks } from './boot-checks.ts'
import { type GuestShell, KEEP_SHELL, SHELL_PATHS } from './guest-shell.ts'
import type { Machine } from './machine.ts'
import { type CheckResult, result, runChecks } from './run-checks.ts'

/*
 * A machine that runs, as a node: the agent in it, from its second disk, and what it is asked to do.
 */

/** A machine that runs, as a node. */
export interface GuestNode {
  readonly shell: GuestShell
  readonly machine: Machine
  readonly agent: GuestAgent
  readonly results: CheckResult[]
}

const PLACE = '/run/holotype-agent'
export const STATE = '/var/lib/holotype'
const PORT = 47_701
/** An emulated processor is under pressure whatever runs: an agent that gave way would come to no end. */
const UNTHROTTLED = '--no-throttle'
export const RUN = ['run', UNTHROTTLED] as const

export interface GuestAgent {
  readonly shell: GuestShell
  readonly disk: AgentDisk
  /** Text of sh that runs a verb, with the site at a statement when one is given. */
  text(verb: readonly string[], statement?: number): string
  /** Runs it and gives its result or its error. */
  run(verb: readonly string[], statement?: number): Promise<unknown>
}

export async function openAgent(shell: GuestShell, disk: AgentDisk): Promise<GuestAgent> {
  const mounted = await shell.run(
    `mkdir -p ${PLACE} && mount -t ext4 -o ro LABEL=${DISK_LABEL} ${PLACE}`,
    GUEST_COMMAND_MS,
  )
  if (mounted.code !== 0) throw fail('BOOT_FAILED', { what: `the agent's disk cannot be mounted: ${mounted.output}` })
  const node = `${PLACE}/lib/loader --library-path ${PLACE}/lib ${PLACE}/node`
  const text = (verb: readonly string[], statement?: number) => {
    const run = `${node} ${PLACE}/${disk.program} ${verb.join(' ')} --state ${STATE} --json`
    const serve = `${node} ${PLACE}/serve-site.ts ${PLACE}/statement-${statement} ${PORT} ${disk.channel}`
    return statement === undefined ? run : whileServing(serve, run)
  }
  return {
    shell,
    disk,
    text,
    run: async (verb, statement) => outcomeOf((await shell.run(text(verb, statement), GUEST_AGENT_MS)).output),
  }
}

/** Text of sh that runs a program while another serves. */
function whileServing(serve: string, run: string): string {
  const said = '/run/holotype-site'
  return `${serve} >${said} 2>&1 & site=$!
until grep -q ready ${said} || ! kill -0 $site; do sleep 0.2; done
${run}
kill $site; cat ${said}`
}

const resultSchema = z.object({ result: z.unknown() })
const lineSchema = z.union([resultSchema, z.object({ error: z.unknown() })])

/** The result or the error that the agent wrote last. @throws BOOT_FAILED when it wrote neither */
export function outcomeOf(output: string): unknown {
  for (const line of output.split('\n').reverse()) {
    const { data } = lineSchema.safeParse(parseLine(line))
    if (data) return data
  }
  throw fail('BOOT_FAILED', { what: `the agent said nothing to build on: ${output.slice(-500)}` })
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Makes the machine a node, which takes its disk for what it was made of: all that differs is what booting did. */
export async function asItWas(agent: GuestAgent, image: Digest): Promise<CheckResult> {
  const { channel, trustRoot } = agent.disk
  const address = `http://127.0.0.1:${PORT}`
  const token = `ht1.${channel.padEnd(16, '-')}.1.${trustRoot.slice('sha256:'.length)}`
  const enrolled = await agent.run(
    ['enrol', '--server', address, '--site', address, '--token', token, '--root', '/'],
    1,
  )
  if (!resultSchema.safeParse(enrolled).success) return result(AS_IT_WAS, false, describe(enrolled))
  const state = JSON.stringify({ image, statement: 0, failure: null })
  await agent.shell.run(`printf '%s' '${state}' >${STATE}/state.json`, GUEST_COMMAND_MS)
  const outcome = await agent.run([...RUN, '--verify'], 1)
  const { data } = runSchema.safeParse(outcome)
  if (data?.result.outcome !== 'converged') return result(AS_IT_WAS, false, describe(outcome))
  const paths = notOurs((data.result.report?.repaired ?? []).map((path) => ({ path, kinds: [] })))
  return result(AS_IT_WAS, paths.length === 0, paths.length === 0 ? 'booting changed nothing' : changedText(paths))
}

const AS_IT_WAS = 'as the image'

const runSchema = z.object({
  result: z.object({
    outcome: z.string(),
    image: z.string().nullable(),
    report: z
      .object({
        changed: z.object({ written: z.number(), removed: z.number(), metadata: z.number() }),
        repaired: z.array(z.string()),
        bytesFetched: z.number(),
        milliseconds: z.number(),
      })
      .optional(),
  }),
})

export interface Move {
  readonly statement: number
  readonly image: Digest
  readonly checks: BootChecks
  readonly step: string
}

/** Brings the running system to an image and checks it as it runs on. */
export async function moveTo(
  { agent, shell, results }: GuestNode,
  { statement, image, checks, step }: Move,
): Promise<void> {
  const outcome = await agent.run(RUN, statement)
  const { data } = runSchema.safeParse(outcome)
  const arrived = data?.result.outcome === 'converged' && data.result.image === image
  const { changed, bytesFetched, milliseconds } = data?.result.report ?? {}
  const words = changed
    ? `${changed.written} written, ${changed.removed} removed, ${changed.metadata} metadata; ${bytesFetched} bytes fetched, ${milliseconds} ms`
    : 'nothing to do'
  results.push(result(step, arrived, arrived ? `at ${shortDigest(image)}: ${words}` : describe(outcome)))
  if (arrived) results.push(await verified(agent), ...(await runChecks(shell, checks)))
}

/** After a boot: the kernel, every file, and the checks. */
export async function still({ agent, shell, results }: GuestNode, checks: BootChecks): Promise<void> {
  results.push(await kernel(shell), await verified(agent), ...(await runChecks(shell, checks)))
}

const verifySchema = z.object({
  result: z.object({
    paths: z.number(),
    differences: z.array(z.object({ path: z.string(), kinds: z.array(z.string()) })),
  }),
})

async function verified(agent: GuestAgent): Promise<CheckResult> {
  const outcome = await agent.run(['verify', UNTHROTTLED])
  const { data } = verifySchema.safeParse(outcome)
  if (!data) return result('verified', false, describe(outcome))
  const paths = notOurs(data.result.differences)
  const { length } = paths
  return result('verified', length === 0, length === 0 ? `${data.result.paths} paths read` : changedText(paths))
}

interface Different {
  readonly path: string
  readonly kinds: readonly string[]
}

/** Without the guest's shell, and the times of the directories that it lies in. */
export function notOurs(different: readonly Different[]): Different[] {
  return different.filter(
    ({ path, kinds }) =>
      !SHELL_PATHS.includes(path) &&
      !(
        kinds.every((kind) => kind === 'mtime' || kind === 'extra') &&
        SHELL_PATHS.some((own) => own.startsWith(`${path}/`))
      ),
  )
}

function changedText(paths: readonly Different[]): string {
  const shown = paths.slice(0, UPGRADE_PATHS_SHOWN).map(({ path, kinds }) => [path, ...kinds].join(' '))
  const more = paths.length > shown.length ? `, and ${paths.length - shown.length} more` : ''
  return `not as the image, and not excluded: ${shown.join(', ')}${more}`
}

function describe(outcome: unknown): string {
  return JSON.stringify(outcome)
}

/** The kernel that runs is one of the root's: its modules are there. */
async function kernel(shell: GuestShell): Promise<CheckResult> {
  const { code, output } = await shell.run('uname -r && test -d "/lib/modules/$(uname -r)"', GUEST_COMMAND_MS)
  return result('kernel of the image', code === 0, output)
}

/** Down in order, with the shell's unit put back for the next start. */
export async function restart({ shell, machine }: GuestNode): Promise<void> {
  const kept = await shell.run(KEEP_SHELL, GUEST_COMMAND_MS)
  if (kept.code !== 0) throw fail('BOOT_FAILED', { what: `the shell cannot be put back: ${kept.output}` })
  // Its answer may be lost when the machine is gone first.
  await shell.run('systemctl --no-block reboot', GUEST_SHUTDOWN_MS).catch((error: unknown) => {
    if (!isErrorCode(error, 'BOOT_FAILED')) throw error
  })
  const passed = machine.startClock()
  while (machine.ended() === undefined) {
    if (passed() > GUEST_SHUTDOWN_MS) throw fail('BOOT_FAILED', { what: 'the machine did not go down' })
    await sleep(200)
  }
}
