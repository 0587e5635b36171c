import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { readConfig, type Where } from './config.ts'
import { shippedAgent } from './delivery/agent.ts'
import type { Deliverer } from './delivery/deliverer.ts'
import { keep } from './delivery/kept.ts'
import { type Listing, listTree } from './delivery/listing.ts'
import { startNginx } from './delivery/nginx.ts'
import { makeObjects, openOwnSite, own, SITE_CODE } from './delivery/own.ts'
import { casync, makeChunks } from './delivery/peers/casync.ts'
import { makeRepository, ostree } from './delivery/peers/ostree.ts'
import { rsync } from './delivery/peers/rsync.ts'
import { reasonsFor } from './delivery/reasons.ts'
import { canCount, countAll, listAll, measureAll } from './delivery/rounds.ts'
import { type DeliveryRow, deliveryTable, rowOf } from './delivery/rows.ts'
import { clampTrees, makeTrees, type Trees } from './delivery/trees.ts'
import { replaceBlock } from './harness/table.ts'

/*
 * `make bench-delivery`: two trees of Debian brought to a node, by us and by our peers, over loopback, in memory and on the disk of the work folder. Progress goes to
 * standard error, the table to standard output, every figure to results-delivery-TIME.json in the work folder.
 */

/** Bytes that one node takes at most: a tree, and what its tool keeps beside it. */
const NODE_BYTES = 1.1 * 2 ** 30

const say = (line: string) => process.stderr.write(`bench: ${line}\n`)
const { rounds, work, readme, where, trees: given } = readConfig()
if (process.getuid?.() !== 0) {
  say('this needs root: trees hold files of many owners')
  process.exit(1)
}
mkdirSync(work, { recursive: true })
const scratch = mkdtempSync(join(work, 'delivery-'))
const bases = new Map<Where, string>(
  where.map((one) => [one, one === 'disk' ? join(scratch, 'nodes') : mkdtempSync('/dev/shm/holotype-delivery-')]),
)
try {
  const trees = await makeTrees(given, say)
  await using all = await everybody(trees)
  const rows = await measureEverywhere(all.deliverers, all.listings)
  publish(rows)
} finally {
  say('deleting what the rounds made')
  for (const path of [scratch, ...bases.values()]) rmSync(path, { recursive: true, force: true })
}

/** Everybody who is here, ready to serve; and what the trees hold that they end in. */
async function everybody(trees: Trees) {
  say('the trees are read')
  const honest = listAll(trees)
  const content = [...honest.values()].map((listing) => [...listing])
  const kept = (name: string, tool: unknown, make: (directory: string) => Promise<void>) => {
    say(`what is kept of ${name}, or made now`)
    return keep(work, { name, from: { tool, content } }, make)
  }
  const clampedAt = await kept('clamped', 'touch', (directory) => clampTrees(directory, trees))
  const clamped = { release: join(clampedAt, 'release'), updates: join(clampedAt, 'updates') }
  await using stack = new AsyncDisposableStack()
  const objects = await kept('site', SITE_CODE, (directory) => makeObjects(directory, trees, say))
  say('the agent, as it is shipped')
  const agent = await shippedAgent(join(work, 'agent'))
  const site = await openOwnSite(join(scratch, 'own'), objects)
  const nginx = stack.use(await startNginx(join(scratch, 'own/nginx'), join(scratch, 'own/www')))
  const deliverers: Deliverer[] = [stack.use(own(site, nginx, { agent, trees }))]
  const served = [objects]
  const add = (deliverer: Deliverer) => void deliverers.push(stack.use(deliverer))
  if (isHere('rsync')) {
    add(await rsync(join(scratch, 'rsync'), trees, { name: 'rsync', flags: '-az' }))
    add(await rsync(join(scratch, 'clamped'), clamped, { name: 'rsync-clamped', flags: '-az', clamped: true }))
  }
  for (const [name, make, open] of [
    ['ostree', makeRepository, ostree],
    ['casync', makeChunks, casync],
  ] as const) {
    if (!isHere(name)) continue
    const version = (await run([name, '--version'])).stdout.toString()
    const www = await kept(name, version, (directory) => make(directory, trees))
    served.push(www)
    add(await open(join(scratch, name), www, trees))
  }
  // Nobody's first round reads what it serves from the disk.
  for (const path of served) listTree(path)
  const running = stack.move()
  const listings = new Map([...honest, ...listAll(clamped)])
  return { deliverers, listings, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

function isHere(name: string): boolean {
  const here = existsSync(`/usr/bin/${name}`)
  if (!here) say(`${name} is not here, so its rows are left out: apt-get install ${name}`)
  return here
}

async function measureEverywhere(
  all: readonly Deliverer[],
  listings: ReadonlyMap<string, Listing>,
): Promise<DeliveryRow[]> {
  const rows: DeliveryRow[] = []
  let counts: Awaited<ReturnType<typeof countAll>> | undefined
  if (!canCount) say('strace is not here, so fsyncs are not counted: apt-get install strace')
  for (const [one, base] of bases) {
    mkdirSync(base, { recursive: true })
    checkRoom(base, one === 'disk' ? rounds * all.length : 1)
    const costs = await measureAll(all, { where: one, base, rounds, listings, say })
    // The same calls are made wherever the root lies.
    if (canCount) counts ??= await countAll(all, { base, say })
    for (const [deliverer, steps] of costs)
      for (const [step, those] of steps)
        rows.push(rowOf(deliverer, { step, where: one, syncs: counts?.get(deliverer)?.get(step) }, those))
  }
  return rows
}

function checkRoom(base: string, nodes: number): void {
  const { bavail, bsize } = statfsSync(base)
  const [free, wanted] = [bavail * bsize, nodes * NODE_BYTES]
  if (free < wanted)
    throw new Error(
      `${base} has room for ${(free / 1e9).toFixed(0)} GB, and ${(wanted / 1e9).toFixed(0)} GB may be needed: fewer BENCH_ROUNDS`,
    )
}

function publish(rows: readonly DeliveryRow[]): void {
  const when = new Date().toISOString()
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`
  writeFileSync(
    join(work, `results-delivery-${when.replaceAll(/[:.]/g, '-')}.json`),
    `${JSON.stringify({ when, machine, rounds, rows }, undefined, 2)}\n`,
  )
  const reasons = reasonsFor(rows)
  const table = [
    deliveryTable(rows),
    ...(reasons.length > 0 ? ['\nWhere ours is not the fastest:\n', ...reasons] : []),
  ].join('\n')
  process.stdout.write(`${table}\n`)
  if (!readme) return
  const file = join(import.meta.dirname, 'README.md')
  const title = `${when.slice(0, 10)}, ${machine}, ${rounds === 1 ? 'one round' : `median of ${rounds} (least to most)`}:`
  writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), `\n${title}\n\n${table}\n`, 'bench-delivery'))
}
