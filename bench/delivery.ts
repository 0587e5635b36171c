import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { readConfig } from './config.ts'
import { countSyncs } from './delivery/count-syncs.ts'
import { startNginx } from './delivery/nginx.ts'
import { makeSite, own } from './delivery/own.ts'
import { casync, type Delivered, type Deliverer, ostree, rsync, type Step } from './delivery/peers.ts'
import { damage, makeTrees } from './delivery/trees.ts'
import { figureOf } from './harness/figures.ts'
import { replaceBlock } from './harness/table.ts'

/*
 * `make bench-delivery`: two trees of Debian brought to a node, by us and by our peers, over loopback, in memory and on the disk of the work folder.
 */

const STEPS = ['first', 'delta', 'nothing', 'damaged'] as const
const WORDS = {
  first: 'the first tree into an empty root',
  delta: 'the second onto the first',
  nothing: 'nothing new',
  damaged: '1 % of the files damaged',
} as const

const say = (line: string) => process.stderr.write(`bench: ${line}\n`)
const { rounds, work, readme, trees: given } = readConfig()
if (process.getuid?.() !== 0) {
  say('this needs root: trees hold files of many owners')
  process.exit(1)
}
mkdirSync(work, { recursive: true })
const scratch = mkdtempSync(join(work, 'delivery-'))
const memory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/holotype-delivery-') : undefined
const lines: string[] = []
try {
  const trees = await makeTrees(given, say)
  const site = await makeSite(join(scratch, 'own'), trees, say)
  await using nginx = await startNginx(join(scratch, 'own/nginx'), join(scratch, 'own/www'))
  await using deliverers = new AsyncDisposableStack()
  const all: Deliverer[] = [deliverers.use(own(site, nginx))]
  const add = async (name: string, make: () => Promise<Deliverer>) => {
    if (!existsSync(`/usr/bin/${name}`))
      return say(`${name} is not here, so its rows are left out: apt-get install ${name}`)
    say(`what ${name} serves`)
    all.push(deliverers.use(await make()))
  }
  await add('rsync', () => rsync(join(scratch, 'rsync-z'), trees, '-az'))
  await add('ostree', () => ostree(join(scratch, 'ostree'), trees))
  await add('casync', () => casync(join(scratch, 'casync'), trees))
  for (const base of [memory, scratch]) {
    if (base === undefined) continue
    const where = base === memory ? 'in memory' : 'on the disk'
    for (const deliverer of all) lines.push(...(await rowsOf(deliverer, join(base, 'nodes'), where, trees)))
  }
  const head = [
    'task',
    'where',
    'who',
    'time',
    'CPU of the client',
    'of the server',
    'on the wire',
    'peak memory',
    'fsyncs',
  ]
  const table = [`| ${head.join(' | ')} |`, `| ${head.map(() => '---').join(' | ')} |`, ...lines.sort(byTask)].join(
    '\n',
  )
  process.stdout.write(`${table}\n`)
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`
  if (readme) {
    const file = join(import.meta.dirname, 'README.md')
    const title = `${new Date().toISOString().slice(0, 10)}, ${machine}, median of ${rounds}:`
    writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), `\n${title}\n\n${table}\n`, 'bench-delivery'))
  }
} finally {
  say('deleting what the rounds made')
  for (const path of [scratch, memory]) if (path) rmSync(path, { recursive: true, force: true })
}

function byTask(a: string, b: string): number {
  const of = (line: string) => STEPS.findIndex((step) => line.startsWith(`| ${WORDS[step]} |`))
  return of(a) - of(b)
}

async function rowsOf(
  deliverer: Deliverer,
  base: string,
  where: string,
  trees: { readonly release: string; readonly updates: string },
): Promise<string[]> {
  const costs = new Map<Step, Delivered[]>()
  for (let round = 0; round < rounds; round++) {
    const target = join(base, `${round}-${deliverer.who.replaceAll(/[^a-z]/g, '')}`)
    mkdirSync(target, { recursive: true })
    for (const step of STEPS) {
      const root = deliverer.rootOf(target)
      if (step === 'damaged' && root) damage(root)
      const cost = await deliverer.run(step, target)
      if (!cost) continue
      costs.set(step, [...(costs.get(step) ?? []), cost])
      if (root && round === 0) await compare(root, step === 'first' ? trees.release : trees.updates)
    }
  }
  const syncs = new Map<Step, number>()
  if (existsSync('/usr/bin/strace')) {
    const target = join(base, 'counted')
    mkdirSync(target, { recursive: true })
    for (const step of STEPS) {
      const root = deliverer.rootOf(target)
      if (step === 'damaged' && root) damage(root)
      const count = await countSyncs(deliverer, step, target)
      if (count !== undefined) syncs.set(step, count)
    }
  } else say('strace is not here, so fsyncs are not counted: apt-get install strace')
  // Making many files soon after deleting many is slow on ext4: what one made goes when all its rounds are done.
  rmSync(base, { recursive: true, force: true })
  return STEPS.flatMap((step) => {
    const found = costs.get(step)
    return found ? [line({ step, where, who: deliverer.who, syncs: syncs.get(step) }, found)] : []
  })
}

/** Nobody is measured who does not end in the tree. */
async function compare(root: string, tree: string): Promise<void> {
  await run(['diff', '--recursive', '--no-dereference', '--brief', root, tree], { timeoutMs: 10 * 60_000 })
}

interface Row {
  readonly step: Step
  readonly where: string
  readonly who: string
  readonly syncs: number | undefined
}

function line({ step, where, who, syncs }: Row, costs: readonly Delivered[]): string {
  const median = (pick: (cost: Delivered) => number) => figureOf(costs.map(pick)).median
  const cells = [
    WORDS[step],
    where,
    who,
    `${median(({ seconds }) => seconds).toFixed(2)} s`,
    `${median(({ cpuSeconds }) => cpuSeconds ?? 0).toFixed(2)} s`,
    `${median(({ serverSeconds }) => serverSeconds).toFixed(2)} s`,
    `${(median(({ wireBytes }) => wireBytes) / 1e6).toFixed(2)} MB`,
    `${Math.round(median(({ peakBytes }) => peakBytes ?? 0) / 2 ** 20)} MiB`,
    String(syncs ?? ''),
  ]
  say(cells.join(', '))
  return `| ${cells.join(' | ')} |`
}
