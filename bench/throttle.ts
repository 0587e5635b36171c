import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { digestOf, run } from '@holotype/base'
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

/** What decides about the bytes of the tree. */
const TREE_CODE = digestOf(readFileSync(join(import.meta.dirname, 'throttle/tree.ts')))
/** Seconds that a neighbour is looked at alone, before the first and after each. */
const ALONE_SECONDS = 15
/** Bytes that one run leaves, with what its tool keeps beside it. */
const RUN_BYTES = 1.25 * 2 ** 30
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
  const objects = await keep(work, { name: 'gibibyte', from: [...SITE_CODE, TREE_CODE] }, (directory) =>
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
  checkRoom(scratch, neighbours.length * movers.length * rounds)
  const rows: string[] = []
  for (const neighbour of neighbours) {
    const done = new Map<Deliverer, Round[]>(movers.map((mover) => [mover, []]))
    let before = await aloneWith(neighbour)
    for (let round = 0; round < rounds; round++)
      for (const mover of movers) {
        const target = join(scratch, 'nodes', `${neighbours.indexOf(neighbour)}-${round}-${movers.indexOf(mover)}`)
        const { seconds, seen } = await beside(neighbour, mover, target)
        const after = await aloneWith(neighbour)
        done.get(mover)?.push(roundOf({ seconds, seen, before, after }))
        say(
          `${neighbour.who}, ${mover.who('first')}: ${said(before)}; ${seconds.toFixed(1)} s: ${said(seen)}; ${said(after)}`,
        )
        before = after
      }
    for (const [mover, those] of done) rows.push(rowOf(neighbour, mover, those, mover === movers[0]))
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

function aloneWith(neighbour: Neighbour): Promise<Seen> {
  return neighbour.during(wait(ALONE_SECONDS * 1000))
}

function said({ p99, perSecond }: Seen): string {
  return `p99 ${p99.toFixed(2)} ms, ${Math.round(perSecond)}/s`
}

/** What a run made stays to the end: making many files soon after deleting many is slow on ext4. */
async function beside(
  neighbour: Neighbour,
  mover: Deliverer,
  target: string,
): Promise<{ seconds: number; seen: Seen }> {
  mkdirSync(target, { recursive: true })
  await mover.prepare(target)
  let seconds = 0
  const moving = async () => {
    const start = performance.now()
    await mover.run('first', target)
    // Who leaves the writing to the kernel does it in the neighbour's time too.
    await run(['sync', '--file-system', target], { timeoutMs: 600_000 })
    seconds = (performance.now() - start) / 1000
  }
  const seen = await neighbour.during(moving())
  return { seconds, seen }
}

function roundOf({ seconds, seen, before, after }: { seconds: number; seen: Seen; before: Seen; after: Seen }): Round {
  const alone = (of: (seen: Seen) => number) => (of(before) + of(after)) / 2
  return {
    seconds,
    seen,
    rise: seen.p99 / alone(({ p99 }) => p99),
    slower: seen.perSecond / alone(({ perSecond }) => perSecond),
  }
}

function checkRoom(directory: string, runs: number): void {
  const { bavail, bsize } = statfsSync(directory)
  if (bavail * bsize < runs * RUN_BYTES)
    throw new Error(`${directory} has no room for ${((runs * RUN_BYTES) / 1e9).toFixed(0)} GB: fewer BENCH_ROUNDS`)
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
