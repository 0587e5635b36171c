import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { environment, type Shell } from './shell.ts'
import { until } from './until.ts'
import type { Workplace } from './workplace.ts'

export interface DemoNode {
  readonly name: string
  readonly labels: readonly string[]
  readonly root: string
  readonly state: string
  readonly pid: number
}

export interface Fleet {
  readonly address: string
  readonly nodes: readonly DemoNode[]
}

const NODES = 6
const CANARIES = 2

const nodesSchema = z.array(
  z.looseObject({
    name: z.string(),
    node: z.string(),
    image: z.string().nullable(),
    findings: z.number(),
    lastOutcome: z.string().nullable(),
  }),
)
export type NodeView = z.output<typeof nodesSchema>[number]

/** Publishes the first image, then starts the server and six agents that enrol and pull it. */
export async function startFleet(shell: Shell, place: Workplace): Promise<Fleet> {
  shell.heading('The server, and six nodes that pull the first image')
  shell.say(shell.dim('$ holotype serve --port 0 &'))
  shell.background([...shell.programs().holotype, 'serve', '--port', '0'], {
    log: join(place.logs, 'server.log'),
    cwd: place.distribution,
    env: environment(place),
  })
  const address = await until('the server listens', async () => {
    shell.checkBackground()
    return readAddress(place)
  })
  await shell.holotype(place, ['rollout', 'start', 'web'])
  const nodes: DemoNode[] = []
  for (let number = 1; number <= NODES; number++) nodes.push(await startNode(shell, place, { number, address }))
  const start = performance.now()
  await until('six nodes hold the first image', async () => {
    const views = await nodeViews(shell, place)
    return views.length === NODES && views.every((view) => view.image !== null && view.lastOutcome === 'converged')
  })
  shell.say(`${NODES} nodes hold the first image after ${((performance.now() - start) / 1000).toFixed(1)} s`)
  await shell.holotype(place, ['node', 'list'])
  return { address, nodes }
}

async function startNode(
  shell: Shell,
  place: Workplace,
  { number, address }: { readonly number: number; readonly address: string },
): Promise<DemoNode> {
  const name = `web-${number}`
  const labels = [
    `tier=${number <= CANARIES ? 'canary' : 'production'}`,
    `site=${number % 2 === 0 ? 'berlin' : 'turku'}`,
  ]
  const [root, state] = [join(place.nodes, name, 'root'), join(place.nodes, name, 'state')]
  for (const directory of [root, state]) mkdirSync(directory, { recursive: true })
  const token = z
    .object({ token: z.string() })
    .parse(
      await shell.holotypeJson(place, [
        'node',
        'token',
        name,
        '--channel',
        'web',
        ...labels.flatMap((label) => ['--label', label]),
      ]),
    ).token
  if (number === 1)
    shell.say(shell.dim(`$ holotype-agent enrol --server ${address} --site … --token ht1.… --root …   (on each node)`))
  await shell.agent(
    ['enrol', '--server', address, '--site', `${address}/site`, '--token', token, '--root', root, '--state', state],
    { quiet: true },
  )
  // All nodes are on this machine: throttled, each would give way to the others.
  const run = ['run', '--interval', '1s', '--no-throttle', '--state', state]
  const pid = shell.background([...shell.programs().agent, ...run], { log: join(place.logs, `${name}.log`) })
  return { name, labels, root, state, pid }
}

function readAddress(place: Workplace): string | undefined {
  try {
    return readFileSync(join(place.home, 'server-address'), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

export async function nodeViews(shell: Shell, place: Workplace): Promise<NodeView[]> {
  return nodesSchema.parse(await shell.holotypeJson(place, ['node', 'list']))
}
