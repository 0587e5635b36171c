import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { z } from 'zod'

/** What a neighbour saw while it was looked at. */
export interface Seen {
  /** Milliseconds: of a hundred requests one took longer. */
  readonly p99: number
  readonly perSecond: number
}

/** Something that a node is there for, and that says how well it goes. */
export interface Neighbour extends AsyncDisposable {
  readonly who: string
  /** Looks until what is awaited has ended. */
  during(work: Promise<unknown>): Promise<Seen>
}

/** No neighbour is looked at for longer: then `during` gives what it has. */
const LONGEST_SECONDS = 1800

/** Random reads and writes of 4 KiB past the page cache, one at a time, as a database's. */
export async function diskNeighbour(directory: string): Promise<Neighbour> {
  const job = [
    ...['--name=neighbour', `--filename=${join(directory, 'fio.data')}`, '--size=512m', '--direct=1'],
    ...['--bs=4k', '--rw=randrw', '--rwmixread=70', '--ioengine=psync', '--output-format=json'],
  ]
  // The file is laid out before anybody looks.
  await run(['fio', ...job, '--create_only=1'], { timeoutMs: 10 * 60_000 })
  return {
    who: 'fio, 4 KiB reads and writes at random',
    async during(work) {
      const fio = spawn('fio', [...job, '--time_based=1', `--runtime=${LONGEST_SECONDS}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const said = await until(work, fio)
      const { jobs } = fioSchema.parse(JSON.parse(said.slice(said.indexOf('{'))))
      const kinds = jobs.flatMap(({ read, write }) => [read, write])
      // Both kinds by their share: fio keeps no percentiles of both together.
      const total = kinds.reduce((sum, { total_ios }) => sum + total_ios, 0)
      const p99 = kinds.reduce((sum, kind) => sum + (kind.clat_ns.percentile['99.000000'] * kind.total_ios) / total, 0)
      return { p99: p99 / 1e6, perSecond: kinds.reduce((sum, { iops }) => sum + iops, 0) }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

const kindSchema = z.object({
  total_ios: z.number(),
  iops: z.number(),
  clat_ns: z.object({ percentile: z.object({ '99.000000': z.number() }) }),
})
const fioSchema = z.object({ jobs: z.array(z.object({ read: kindSchema, write: kindSchema })) })

/** A small HTTP server, a millisecond of processor for each answer, asked over two connections without a pause: a processor of it is always busy. */
export async function cpuNeighbour(): Promise<Neighbour> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'http-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(server.stdout, 'data')
  const url = `http://127.0.0.1:${String(line).trim()}/`
  return {
    who: 'an HTTP server, asked by wrk',
    async during(work) {
      const wrk = spawn(
        'wrk',
        ['--threads=1', '--connections=2', `--duration=${LONGEST_SECONDS}s`, '--timeout=30s', '--latency', url],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      )
      const said = await until(work, wrk)
      return seenByWrk(said)
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM')
      await once(server, 'exit')
    },
  }
}

/** What wrk sums up. It pads units of one letter: `99%    2.24s `. */
export function seenByWrk(said: string): Seen {
  const [, value, unit = ''] = /^\s+99%\s+([0-9.]+)(us|ms|s|m)\s*$/m.exec(said) ?? []
  const [, perSecond] = /^Requests\/sec:\s+([0-9.]+)$/m.exec(said) ?? []
  if (value === undefined || perSecond === undefined) throw new Error(`wrk said: ${said}`)
  return {
    p99: Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? 60_000),
    perSecond: Number(perSecond),
  }
}

/** Stops a program when some work has ended, and gives what it printed. Both sum up at SIGINT. */
async function until(work: Promise<unknown>, child: ChildProcess): Promise<string> {
  const said: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk))
  const ended = once(child, 'close')
  try {
    await work
  } finally {
    child.kill('SIGINT')
    await ended
  }
  return Buffer.concat(said).toString()
}
