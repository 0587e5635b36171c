import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type Bench, row } from '../harness/bench.ts'
import { HOLOTYPE } from '../harness/place.ts'
import type { Row } from '../harness/types.ts'

/** Starts of each program in one round, taken in turns; one start is too short to be measured alone. */
const STARTS = 11
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node')

/** `holotype --help` beside the bare runtime. */
export async function start(bench: Bench): Promise<Row[]> {
  const once = (program: string, ...args: string[]) => {
    const begin = performance.now()
    execFileSync(program, args, { stdio: 'ignore' })
    return (performance.now() - begin) / 1000
  }
  once(HOLOTYPE, '--help')
  const median = (program: string, ...args: string[]) => {
    const all = Array.from({ length: STARTS }, () => once(program, ...args)).sort((a, b) => a - b)
    return all[Math.floor(STARTS / 2)] ?? 0
  }
  const task = 'show the help'
  return [
    await row(bench, { task, who: 'holotype --help', bar: 0.15 }, async () => ({
      seconds: median(HOLOTYPE, '--help'),
    })),
    await row(bench, { task, who: 'node -e 0' }, async () => ({ seconds: median(NODE, '-e', '0') })),
  ]
}
