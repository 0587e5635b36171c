import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { rowOf } from '../harness/figures.ts'
import { measure } from '../harness/measure.ts'
import type { Cost, Row } from '../harness/types.ts'
import { debPeers } from './deb-peers.ts'
import { realDebs } from './real-debs.ts'
import { type Named, type PublishBench, row } from './row.ts'
import { createrepoRows } from './rpm-peer.ts'
import { ARCHITECTURE, MEASURED, type Measured, writeSample } from './samples.ts'

const OWN = join(import.meta.dirname, 'own.ts')
/** Promised for one package, and for nothing new: seconds. */
const ONE = 1
const NOTHING = 0.1

function own(task: string, directory: string, format: Measured, ...words: readonly string[]) {
  mkdirSync(directory, { recursive: true })
  // As `bin/holotype` starts it.
  const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compiled') }
  return measure({ argv: [process.execPath, OWN, task, directory, format, ...words], env })
}

const COMMAND = join(import.meta.dirname, '../../bin/holotype')

/** The command, in a directory where {@link own} made a repository. */
function command(directory: string, ...words: readonly string[]) {
  return measure({ argv: [COMMAND, 'repo', ...words, '--directory', directory, '--quiet'] })
}

/** What a process that runs already would take, and the command as it is started. */
async function commandRows(
  bench: PublishBench,
  named: Named,
  { inside, whole }: Readonly<Record<'inside' | 'whole', (round: number) => ReturnType<typeof own>>>,
): Promise<Row[]> {
  const { task, who } = named
  const running = await row(bench, { ...named, who: `${who}, in a process that runs` }, async (round) => ({
    seconds: Number((await inside(round)).stdout),
  }))
  return [running, await row(bench, { task, who: `${who}, the command` }, whole)]
}

/** Our process as a whole, and of it what a process that runs already would take. */
async function ownRows(
  bench: PublishBench,
  named: Named,
  once: (round: number) => ReturnType<typeof own>,
): Promise<Row[]> {
  const inside: Cost[] = []
  const { task, who } = named
  const whole = await row(bench, { task, who: `${who}, Node's start included` }, async (round) => {
    const { stdout, ...cost } = await once(round)
    inside.push({ seconds: Number(stdout) })
    return cost
  })
  return [rowOf({ ...named, who: `${who}, in a process that runs` }, inside), whole]
}

/** One package into a large repository, and nothing new, in every format; beside those peers that can be given as many rows. */
export async function large(bench: PublishBench, gnupg: string, key: string): Promise<Row[]> {
  const rows: Row[] = []
  const { large: count } = bench
  for (const format of MEASURED) {
    const directory = join(bench.work, `large-${format}`)
    bench.say(`${format}: ${count} rows`)
    await own('seed', directory, format, String(count))
    const fresh = await samples(bench, format, count + 1)
    const further = await samples(bench, format, 2 * count)
    const task = `one package into ${count}, ${format}`
    const who = 'holotype'
    rows.push(
      ...(await commandRows(
        bench,
        { task, who, bar: ONE },
        {
          inside: (round) => own('add', directory, format, fresh[round] ?? ''),
          whole: async (round) => {
            if (round === 0) await command(directory, 'publish', '--format', format)
            return command(directory, 'add', further[round] ?? '')
          },
        },
      )),
    )
    if (format === 'alpm' && existsSync('/usr/bin/repo-add'))
      rows.push(await repoAdd(bench, { task, directory, fresh, gnupg, key }))
    const peer = format === 'rpm' ? await createrepoRows(bench, { count, fresh, gnupg, key }) : undefined
    if (peer) rows.push(peer.one)
    const nothing = `nothing new in ${count}, ${format}`
    rows.push(...(await nothingNew(bench, { task: nothing, directory, format })))
    if (peer) rows.push(peer.nothing)
    rmSync(directory, { recursive: true, force: true })
  }
  return rows
}

interface NothingNew {
  readonly task: string
  readonly directory: string
  readonly format: Measured
}

/** The command's settings are not quite those of {@link own}: each publishes once, then there is nothing new. */
async function nothingNew(bench: PublishBench, { task, directory, format }: NothingNew): Promise<Row[]> {
  const inside = () => own('publish', directory, format)
  const whole = () => command(directory, 'publish', '--format', format)
  await inside()
  return commandRows(
    bench,
    { task, who: 'holotype', bar: NOTHING },
    {
      inside,
      whole: async (round) => {
        if (round === 0) await whole()
        return whole()
      },
    },
  )
}

interface RepoAdd {
  readonly task: string
  readonly directory: string
  readonly fresh: readonly string[]
  readonly gnupg: string
  readonly key: string
}

/** repo-add takes the very db that we published; once, as it takes minutes. */
async function repoAdd(bench: PublishBench, { task, directory, fresh, gnupg, key }: RepoAdd): Promise<Row> {
  const place = join(bench.work, 'repo-add')
  const base = join(directory, '.holotype/site/repo/alpm')
  mkdirSync(place, { recursive: true })
  for (const kind of ['db', 'files']) {
    const from = join(base, ARCHITECTURE.alpm, `stable.${kind}`)
    const path = existsSync(from) ? from : join(base, `stable.${kind}`)
    copyFileSync(path, join(place, `stable.${kind}.tar${endingOf(path)}`))
  }
  const ending = endingOf(
    join(place, existsSync(join(place, 'stable.db.tar.zst')) ? 'stable.db.tar.zst' : 'stable.db.tar.gz'),
  )
  return row({ ...bench, rounds: 1 }, { task, who: 'repo-add --sign, on the same db, once' }, (round) =>
    measure({
      argv: ['repo-add', '--quiet', '--sign', '--key', key, `stable.db.tar${ending}`, fresh[round] ?? ''],
      cwd: place,
      env: { GNUPGHOME: gnupg },
    }),
  )
}

function endingOf(path: string): string {
  return readFileSync(path).subarray(0, 2).toString('hex') === '1f8b' ? '.gz' : '.zst'
}

/** Real .debs: all of them into an empty repository, then one more, then nothing. */
export async function smaller(bench: PublishBench, gnupg: string, key: string): Promise<Row[]> {
  const { files: count } = bench
  bench.say(`${count} .debs`)
  const { folder: files, real } = await realDebs(bench.debs, bench.cache, count)
  if (real < count) bench.say(`${real} of them are different ones, the rest are those under other versions`)
  const fresh = await samples(bench, 'deb', count + 1)
  const further = await samples(bench, 'deb', 2 * count)
  const [cold, one, nothing] = [`${count} .debs, cold`, `one .deb into ${count}`, `nothing new in ${count} .debs`]
  const place = (round: number) => join(bench.work, `smaller-${round}`)
  const who = 'holotype'
  const rows = [
    ...(await ownRows(bench, { task: cold, who: `${who}, every payload checked` }, (round) =>
      own('add', place(round), 'deb', `${files}/`),
    )),
    ...(await ownRows(bench, { task: cold, who: `${who}, payloads unread` }, (round) =>
      own('import', `${place(round)}-unread`, 'deb', `${files}/`),
    )),
    ...(await commandRows(
      bench,
      { task: one, who },
      {
        inside: (round) => own('add', place(0), 'deb', fresh[round] ?? ''),
        whole: async (round) => {
          if (round === 0) await command(place(0), 'publish')
          return command(place(0), 'add', further[round] ?? '')
        },
      },
    )),
    ...(await nothingNew(bench, { task: nothing, directory: place(0), format: 'deb' })),
  ]
  for (const peer of debPeers(gnupg, key)) {
    if (!existsSync(`/usr/bin/${peer.program}`)) {
      bench.say(`${peer.program} is not here: its rows are left out`)
      continue
    }
    const at = (round: number) => join(bench.work, `${peer.program}-${round}`)
    const named = (task: string) => ({ task, who: peer.who })
    rows.push(
      await row(bench, named(cold), async (round) => {
        await peer.create(at(round))
        return peer.addAll(at(round), files)
      }),
      await row(bench, named(one), (round) => peer.addOne(at(0), fresh[round] ?? '')),
      await row(bench, named(nothing), () => peer.nothingNew(at(0))),
    )
  }
  return [cold, one, nothing].flatMap((task) => rows.filter((found) => found.task === task))
}

async function samples({ work, rounds }: PublishBench, format: Measured, from: number): Promise<readonly string[]> {
  const paths: string[] = []
  for (let at = 0; at < rounds; at++)
    paths.push(await writeSample(format, join(work, `fresh-${format}-${from}`), from + at))
  return paths
}
