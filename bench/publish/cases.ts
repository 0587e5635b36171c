import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowOf } from '../harness/figures.ts'
import { measure } from '../harness/measure.ts'
import type { Cost, Row } from '../harness/types.ts'
import { debPeers } from './deb-peers.ts'
import { ARCHITECTURE, MEASURED, type Measured, writeSample } from './samples.ts'

const OWN = join(import.meta.dirname, 'own.ts')
/** Rows of the large repository, and files of the one that every peer can bear. */
const LARGE = 50_000
const FILES = 5000
/** Promised for one package, and for nothing new: seconds. */
const ONE = 1
const NOTHING = 0.1

export interface PublishBench {
  readonly work: string
  readonly rounds: number
  readonly say: (line: string) => void
}

type Named = Pick<Row, 'task' | 'who' | 'bar'>

async function row({ rounds, say }: PublishBench, named: Named, once: (round: number) => Promise<Cost>): Promise<Row> {
  const costs: Cost[] = []
  for (let round = 0; round < rounds; round++) costs.push(await once(round))
  say(`${named.task}, ${named.who}: ${costs.map(({ seconds }) => `${seconds.toFixed(3)} s`).join(', ')}`)
  return rowOf(named, costs)
}

function own(task: string, directory: string, format: Measured, ...words: readonly string[]) {
  mkdirSync(directory, { recursive: true })
  return measure({ argv: [process.execPath, OWN, task, directory, format, ...words] })
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

/** One package into a repository of 50,000, and nothing new, in every format; beside those peers that can be given 50,000 rows. */
export async function large(bench: PublishBench, gnupg: string, key: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const format of MEASURED) {
    const directory = join(bench.work, `large-${format}`)
    bench.say(`${format}: ${LARGE} rows`)
    await own('seed', directory, format, String(LARGE))
    const fresh = await samples(bench, format, LARGE + 1)
    const task = `one package into ${LARGE}, ${format}`
    const who = 'holotype'
    rows.push(
      ...(await ownRows(bench, { task, who, bar: ONE }, (round) => own('add', directory, format, fresh[round] ?? ''))),
    )
    if (format === 'alpm' && existsSync('/usr/bin/repo-add'))
      rows.push(await repoAdd(bench, { task, directory, fresh, gnupg, key }))
    const nothing = `nothing new in ${LARGE}, ${format}`
    rows.push(...(await ownRows(bench, { task: nothing, who, bar: NOTHING }, () => own('publish', directory, format))))
  }
  return rows
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
  mkdirSync(place, { recursive: true })
  for (const kind of ['db', 'files']) {
    const from = join(directory, 'base', ARCHITECTURE.alpm, `stable.${kind}`)
    const path = existsSync(from) ? from : join(directory, 'base', `stable.${kind}`)
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

/** 5,000 real .debs: all of them into an empty repository, then one more, then nothing. */
export async function smaller(bench: PublishBench, gnupg: string, key: string): Promise<Row[]> {
  const files = join(bench.work, 'debs')
  if (!existsSync(files)) {
    bench.say(`${FILES} .debs`)
    for (let at = 0; at < FILES; at++) await writeSample('deb', files, at)
  }
  const fresh = await samples(bench, 'deb', FILES + 1)
  const [cold, one, nothing] = [`${FILES} .debs, cold`, `one .deb into ${FILES}`, `nothing new in ${FILES} .debs`]
  const place = (round: number) => join(bench.work, `smaller-${round}`)
  const who = 'holotype'
  const rows = [
    ...(await ownRows(bench, { task: cold, who }, (round) => own('add', place(round), 'deb', `${files}/`))),
    ...(await ownRows(bench, { task: one, who }, (round) => own('add', place(0), 'deb', fresh[round] ?? ''))),
    ...(await ownRows(bench, { task: nothing, who }, () => own('publish', place(0), 'deb'))),
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
