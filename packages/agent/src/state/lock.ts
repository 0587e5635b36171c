import { closeSync, linkSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf, isErrorCode, removePath, temporaryName } from '@holotype/base'
import { fail } from '../errors.ts'
import { LOCK_LOOK_MS, LOCK_WAIT_MS } from '../limits.ts'

const FILE = 'lock'

/** What this process holds. A lock of its own that is not among them is one that a disk kept it from removing. */
const held = new Set<string>()

/**
 * Takes the state directory for this process: one run at a time. A lock whose process is gone (by id and start time, as ids come again)
 * is stale and is taken over.
 * @throws AGENT_BUSY
 */
export function lockState(state: string): Disposable {
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const path = join(state, FILE)
  const own = temporaryName(path)
  const file = openSync(own, 'wx', 0o600)
  writeSync(file, identity(process.pid) ?? String(process.pid))
  closeSync(file)
  try {
    take(state, path, own)
  } finally {
    removePath(own)
  }
  held.add(path)
  return {
    [Symbol.dispose]() {
      held.delete(path)
      try {
        removePath(path)
      } catch {
        // It is stale from now on. Why the run fails is told by what fails first.
      }
    },
  }
}

/** The same for what a person asks for: a run at work, which takes a moment where nothing is new, is waited for. @throws AGENT_BUSY after `LOCK_WAIT_MS` */
export async function lockStateWhenFree(state: string): Promise<Disposable> {
  for (const end = Date.now() + LOCK_WAIT_MS; ; await sleep(LOCK_LOOK_MS)) {
    try {
      return lockState(state)
    } catch (error) {
      if (!isErrorCode(error, 'AGENT_BUSY') || Date.now() > end) throw error
    }
  }
}

/** A link appears with its whole content or not at all; a few rounds because a stale lock may be removed by several at once. */
function take(state: string, path: string, own: string): void {
  for (let round = 0; round < 5; round++) {
    try {
      return linkSync(own, path)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
    const holder = lockHolder(state)
    if (holder !== undefined && (holder !== process.pid || held.has(path)))
      throw fail('AGENT_BUSY', { what: `process ${holder} is at work in ${state}`, data: { pid: holder } })
    removePath(path)
  }
  throw fail('AGENT_BUSY', { what: `the lock of ${state} changes hands all the time` })
}

/** The process id of the run at work, or undefined. */
export function lockHolder(state: string): number | undefined {
  let text: string
  try {
    text = readFileSync(join(state, FILE), 'utf8')
  } catch {
    return undefined
  }
  const pid = Number(text.split(' ')[0])
  return Number.isSafeInteger(pid) && pid > 0 && identity(pid) === text ? pid : undefined
}

/** `PID START`: the start time in clock ticks, field 22 of /proc/PID/stat (proc(5)), counted after the command's closing parenthesis. */
function identity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${pid} ${started}`
  } catch {
    return undefined
  }
}
