import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { EVERY_KIND, everyKind, harmEveryKind } from './every-kind.ts'
import { judge, wrongBetween } from './interrupted.ts'
import { type Call, callsOf, runAgent } from './strace.ts'
import { describeImage, describeRoot } from './tree-text.ts'
import { isRoot, makeWorld, type World } from './world.ts'

/** A run of the agent that can be had again and again, to be cut short: from a harmed root at one image to another image. */
export interface CutRun extends AsyncDisposable {
  readonly world: World
  /** Every call of the run that changes something. */
  readonly calls: readonly Call[]
  /** Brings root and state back to where the run begins. */
  restore(): void
  /** What is wrong with a root somewhere on the way: paths that are neither as before nor as after, excluded ones that changed. */
  wrongOnTheWay(): readonly string[]
  /** Where the root, and what is excluded in it, is not as a whole run leaves it, as find and getfattr see both. */
  wrongAtTheEnd(): readonly string[]
}

const EXCLUDED = ['/keep/deep/mine', '/keep/link', '/etc/machine-id'] as const
/** Excluded paths, and the directories in which they lie, have times of their own. */
const NOT_OURS = /^\.\/(etc|keep|etc\/machine-id) |^\.\/keep\//

const isExcluded = (path: string) => path.startsWith('/keep/') || path === '/etc/machine-id'
/** What has a name that is not UTF-8 is below it. */
const isOdd = (path: string) => path === '/more'

/** @throws when the uncut run does not end in the image */
export async function prepareCutRun(parent?: string): Promise<CutRun> {
  const world = await makeWorld(parent)
  const saved = join(world.directory, 'saved')
  const copy = (from: string, to: string) => {
    for (const part of ['root', 'state']) {
      rmSync(join(to, part), { recursive: true, force: true })
      execFileSync('cp', ['--archive', join(from, part), join(to, part)])
    }
  }
  const factsOfExcluded = () =>
    EXCLUDED.map((path) => {
      const { mode, uid, mtimeMs, size } = lstatSync(join(world.root, path))
      return [path, mode, uid, mtimeMs, size].join(' ')
    })
  const first = await world.image(everyKind(world.store, 0), EVERY_KIND)
  const next = await world.image(everyKind(world.store, 1), EVERY_KIND)
  await world.publish(1, first)
  await world.enrol()
  // By the program itself, so that it has its sources compiled and the run that is cut is about the root.
  const { code } = await runAgent(world.state)
  if (code !== 0) throw new Error(`the first run ended with ${code}`)
  harmEveryKind(world.root)
  await world.publish(2, next)
  mkdirSync(saved)
  copy(world.directory, saved)
  const before = describeRoot(world.root, (path) => isExcluded(path) || isOdd(path))
  const excluded = factsOfExcluded()
  const calls = await callsOf(world.state, world.directory, join(world.directory, 'log'))
  const after = describeImage(world.store, next.image).filter((line) => !isExcluded(line.split(' ')[0] ?? ''))
  const different = wrongBetween(after, after, describeRoot(world.root, isExcluded))
  if (different.length > 0) throw new Error(`the uncut run: ${different.join('\n')}`)
  const end = judge(world.root, NOT_OURS)
  const changed = () => factsOfExcluded().filter((facts, index) => facts !== excluded[index])
  return {
    world,
    calls,
    restore: () => copy(saved, world.directory),
    wrongOnTheWay: () => [
      ...wrongBetween(
        before,
        after,
        describeRoot(world.root, (path) => isExcluded(path) || isOdd(path)),
      ),
      ...changed(),
    ],
    wrongAtTheEnd() {
      const now = judge(world.root, NOT_OURS)
      return [...now.filter((line) => !end.includes(line)), ...end.filter((line) => !now.includes(line)), ...changed()]
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

/**
 * Calls to cut at: as many as asked for, one of each of as many equal stretches of the run, by the seed of the tests; as many as CRASH says, or all of them
 * when CRASH=all.
 */
export function someCalls(calls: readonly Call[], count: number): readonly Call[] {
  const asked = process.env['CRASH']
  if (asked === 'all') return calls
  const length = Math.min(calls.length, asked === undefined ? count : Number(asked))
  const places = fc.sample(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), length)
  return places.flatMap((place, index) => calls[Math.floor(((index + place) * calls.length) / length)] ?? [])
}

/** What tests that cut runs lack here, as their names tell it; empty when nothing. */
export function cutRunReason(programs: readonly string[]): string {
  const missing = programs.filter((program) => !has(program))
  if (!isRoot) return ' (skipped, because it needs root)'
  return missing.length > 0 ? ` (skipped, because there is no ${missing.join(', ')})` : ''
}

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
