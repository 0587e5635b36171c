import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { run } from '@holotype/base'
import { readConfig } from './config.ts'
import { startNginx } from './delivery/nginx.ts'
import { shippedAgent } from './delivery/agent.ts'
import type { Deliverer } from './delivery/deliverer.ts'
import { keep } from './delivery/kept.ts'
import { makeObjects, openOwnSite, own, SITE_CODE } from './delivery/own.ts'
import { rsync } from './delivery/peers/rsync.ts'
import { figureOf } from './harness/figures.ts'
import { replaceBlock } from './harness/table.ts'
import type { Figure } from './harness/types.ts'
import { cpuNeighbour, diskNeighbour, type Neighbour, type Seen } from './throttle/neighbours.ts'
import { makeTree } from './throttle/tree.ts'

/*
 * `make bench-throttle`: what a neighbour on the same machine notices while 1 GiB is brought to an empty root.
 */

/** Seconds that a neighbour is looked at alone, before and after each. */
const ALONE_SECONDS = 10
const NICE = ['nice', '-n19', 'ionice', '-c3']
/** What its 99th percentile may rise by. */
const BAR = 1.2

const say = (line: string) => process.stderr.write(`bench: ${line}\n`)
const { rounds, work, readme } = readConfig()
for (const program of ['fio', 'wrk', 'nginx', 'rsync'])
  if (!existsSync(`/usr/bin/${program}`) && !existsSync(`/usr/sbin/${program}`)) {
    say(`${program} is not here: apt-get install fio wrk nginx-light rsync`)
    process.exit(1)
  }
if (process.getuid?.() !== 0) {
  say('this needs root, as an agent does')
  process.exit(1)
}

/** One round: the neighbour beside somebody, against the mean of it alone before and after. */
interface Round {
  readonly seconds: number
  readonly seen: Seen
  readonly rise: number
  readonly slower: number
}

mkdirSync(work, { recursive: true })
const scratch = mkdtempSync(join(work, 'throttle-'))
try {
  say('a tree of 1 GiB')
  const tree = makeTree(work)
  const trees = { release: tree, updates: tree }
  const objects = await keep(work, { name: 'gibibyte', from: SITE_CODE }, (directory) =>
    makeObjects(directory, trees, say),
  )
  const agent = await shippedAgent(join(work, 'agent'))
  const site = await openOwnSite(join(scratch, 'own'), objects)
  await using nginx = await startNginx(join(scratch, 'own/nginx'), join(scratch, 'own/www'))
  await using all = new AsyncDisposableStack()
  const movers: Deliverer[] = [
    all.use(own(site, nginx, { agent, trees, flags: [] })),
    all.use(own(site, nginx, { agent, trees })),
    all.use(await rsync(join(scratch, 'rsync'), trees, { name: 'rsync', flags: '-a' })),
    all.use(await rsync(join(scratch, 'rsync-nice'), trees, { name: 'rsync-nice', flags: '-a', starter: NICE })),
  ]
  const neighbours = [all.use(await diskNeighbour(scratch)), all.use(await cpuNeighbour())]
  const rows: string[] = []
  for (const neighbour of neighbours)
    for (const mover of movers) {
      const done: Round[] = []
      for (let round = 0; round < rounds; round++) done.push(await roundOf(neighbour, mover, round))
      rows.push(rowOf(neighbour, mover, done, mover === movers[0]))
      say(rows.at(-1) ?? '')
    }
  const head = ['neighbour', 'beside', 'takes', 'its p99', 'against alone', 'its requests', 'against alone', 'bar']
  const table = [head, head.map(() => '---')]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .concat(rows)
    .join('\n')
  process.stdout.write(`${table}\n`)
  if (readme) {
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`
    const title = `${new Date().toISOString().slice(0, 10)}, ${machine}, median of ${rounds}:`
    const file = join(import.meta.dirname, 'README.md')
    writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), `\n${title}\n\n${table}\n`, 'bench-throttle'))
  }
} finally {
  say('deleting what the rounds made')
  rmSync(scratch, { recursive: true, force: true })
}

async function roundOf(neighbour: Neighbour, mover: Deliverer, round: number): Promise<Round> {
  const target = join(
    scratch,
    'nodes',
    `${round}-${mover.who('first').replaceAll(/[^a-z]/g, '')}-${neighbour.who.length}`,
  )
  mkdirSync(target, { recursive: true })
  await mover.prepare(target)
  const before = await neighbour.during(wait(ALONE_SECONDS * 1000))
  let seconds = 0
  const moving = async () => {
    const start = performance.now()
    await mover.run('first', target)
    // Who leaves the writing to the kernel does it in the neighbour's time too.
    await run(['sync', '--file-system', target], { timeoutMs: 600_000 })
    seconds = (performance.now() - start) / 1000
  }
  const seen = await neighbour.during(moving())
  rmSync(target, { recursive: true, force: true })
  await run(['sync', '--file-system', scratch], { timeoutMs: 600_000 })
  const after = await neighbour.during(wait(ALONE_SECONDS * 1000))
  const alone = (of: (seen: Seen) => number) => (of(before) + of(after)) / 2
  return {
    seconds,
    seen,
    rise: seen.p99 / alone(({ p99 }) => p99),
    slower: seen.perSecond / alone(({ perSecond }) => perSecond),
  }
}

function rowOf(neighbour: Neighbour, mover: Deliverer, done: readonly Round[], bar: boolean): string {
  const figure = (of: (round: Round) => number) => figureOf(done.map(of))
  const rise = figure((round) => round.rise)
  const cells = [
    neighbour.who,
    mover.who('first'),
    `${figure((round) => round.seconds).median.toFixed(1)} s`,
    `${figure(({ seen }) => seen.p99).median.toFixed(2)} ms`,
    spread(rise),
    `${Math.round(figure(({ seen }) => seen.perSecond).median)}/s`,
    spread(figure((round) => round.slower)),
    bar ? `${BAR} ×: ${rise.median <= BAR ? 'met' : 'missed'}` : '',
  ]
  return `| ${cells.join(' | ')} |`
}

function spread({ median, least, most }: Figure): string {
  const one = `${median.toFixed(2)} ×`
  return least === most ? one : `${one} (${least.toFixed(2)} to ${most.toFixed(2)})`
}
