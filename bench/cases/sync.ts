import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Bench, row } from '../harness/bench.ts'
import { type Measured, measure } from '../harness/measure.ts'
import { shippedAgent } from '../delivery/agent.ts'
import { holotype } from '../harness/place.ts'
import { startRsync } from '../harness/rsync-daemon.ts'
import { startServer } from '../harness/server.ts'
import type { Cost, Row } from '../harness/types.ts'

const tokenSchema = z.object({ token: z.string() })
const diffSchema = z.object({
  digest: z.string(),
  diff: z.object({ hazards: z.array(z.object({ id: z.string() })) }),
})
const resultSchema = z.object({
  result: z.object({
    outcome: z.string(),
    image: z.string().nullable(),
    report: z.object({ bytesFetched: z.number() }).optional(),
  }),
})

const FIRST = 'the first image into an empty root'
const SECOND = 'the second image onto the first'
const NOTHING = 'nothing new'

/** One node per round, each with a root of its own, with the agent as packages install it. */
export async function syncing(bench: Bench): Promise<Row[]> {
  const { place, rounds, peers } = bench
  const agent = await shippedAgent(join(place.scratch, 'agent'))
  place.store.remember('images/web', place.first)
  await using server = await startServer(place)
  await holotype(place, ['rollout', 'start', 'web'])
  const states: string[] = []
  for (let round = 0; round < rounds; round++)
    states.push(await enrol(bench, { agent, address: server.address, round }))
  const run = (round: number, ...more: string[]) =>
    measure({ argv: [agent, 'run', '--once', '--no-throttle', '--json', '--state', states[round] ?? '', ...more] })
  const who = 'holotype-agent run --once'
  const trees = join(place.scratch, 'trees')
  mkdirSync(trees)
  const keep = (name: string) => execFileSync('cp', ['-a', rootOf(bench, 0), join(trees, name)])
  const first = await row(bench, { task: FIRST, who }, async (round) => fetched(await run(round), 'converged'))
  keep('first')
  await rollOutSecond(bench)
  const second = await row(bench, { task: SECOND, who, bar: 5 }, async (round) =>
    fetched(await run(round), 'converged'),
  )
  keep('second')
  const unchanged = await row(bench, { task: NOTHING, who: `${who}, by the statement` }, async (round) =>
    fetched(await run(round), 'unchanged'),
  )
  const looked = await row(bench, { task: NOTHING, who: `${who} --verify, every path by stat` }, async (round) =>
    fetched(await run(round, '--verify'), 'converged'),
  )
  if (!peers.has('rsync')) return [first, second, unchanged, looked]
  const peer = await rsyncRows(bench, trees)
  return [first, ...peer.first, second, ...peer.second, unchanged, looked, ...peer.nothing]
}

const rootOf = ({ place }: Bench, round: number) => join(place.scratch, `node-${round}/root`)

async function enrol(
  bench: Bench,
  { agent, address, round }: { readonly agent: string; readonly address: string; readonly round: number },
): Promise<string> {
  const [root, state] = [rootOf(bench, round), join(bench.place.scratch, `node-${round}/state`)]
  for (const directory of [root, state]) mkdirSync(directory, { recursive: true })
  const labels = ['--label', 'tier=canary']
  const name = `bench-${round}`
  const { token } = tokenSchema.parse(
    JSON.parse(await holotype(bench.place, ['node', 'token', name, '--channel', 'web', ...labels, '--json'])),
  )
  const where = ['--server', address, '--site', `${address}/site`, '--root', root, '--state', state]
  await measure({ argv: [agent, 'enrol', ...where, '--token', token] })
  return state
}

async function rollOutSecond({ place }: Bench): Promise<void> {
  place.store.remember('images/web', `${place.first}\n${place.second}`)
  const { digest, diff } = diffSchema.parse(
    JSON.parse(await holotype(place, ['image', 'diff', place.first, place.second, '--review', '--json'])),
  )
  // The example's policy asks for somebody of security, with a token of their own.
  const token = join(place.scratch, 'anna-token')
  writeFileSync(token, await holotype(place, ['admin', 'reviewer', 'anna']), { mode: 0o600 })
  const hazards = diff.hazards.flatMap(({ id }) => ['--hazard', id])
  await holotype(place, ['image', 'approve', digest, ...hazards], { HOLOTYPE_TOKEN_FILE: token })
  await holotype(place, ['rollout', 'start', 'web'])
}

function fetched({ stdout, ...cost }: Measured, outcome: string): Cost {
  const { result } = resultSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
  if (result.outcome !== outcome) throw new Error(`the agent says ${result.outcome}, not ${outcome}`)
  return { ...cost, ...(result.report ? { fetchedBytes: result.report.bytesFetched } : {}) }
}

/** rsync of the same trees from a daemon on loopback: plain, and compressed as over a network. */
async function rsyncRows({ place, ...bench }: Bench, trees: string) {
  await using daemon = await startRsync(join(place.scratch, 'rsync'), trees)
  const rows: Record<'first' | 'second' | 'nothing', Row[]> = { first: [], second: [], nothing: [] }
  for (const flags of ['-a', '-az']) {
    const pull = async (module: string, round: number): Promise<Cost> => {
      const target = join(place.scratch, `rsync${flags}-${round}`)
      mkdirSync(target, { recursive: true })
      const options = [flags, '--numeric-ids', '--delete', '--stats']
      const { stdout, ...cost } = await measure({
        argv: ['rsync', ...options, `${daemon.url}${module}/`, `${target}/`],
      })
      const bytes = /Total bytes received: ([\d,.]+)/.exec(stdout)?.[1]?.replaceAll(/\D/g, '')
      return { ...cost, ...(bytes ? { fetchedBytes: Number(bytes) } : {}) }
    }
    const who = `rsync ${flags} --delete`
    rows.first.push(await row({ place, ...bench }, { task: FIRST, who }, (round) => pull('first', round)))
    rows.second.push(await row({ place, ...bench }, { task: SECOND, who }, (round) => pull('second', round)))
    rows.nothing.push(await row({ place, ...bench }, { task: NOTHING, who }, (round) => pull('second', round)))
  }
  return rows
}
