import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { SYSTEM_PATH } from '@holotype/base'
import { POLICY_TIMEOUT_MS } from '../limits.ts'

/** How far a process stands back from others that want the processor: setpriority(2), from 0 to 19. */
export interface Niceness {
  readonly process: number
  /** Of its session, where the kernel shares the processor among sessions first; undefined where it does not, and where a terminal's session is others' too. */
  readonly session: number | undefined
  /** Whether it gets only what processors have left (SCHED_IDLE); undefined where it was started with another policy than the usual one, which it keeps. */
  readonly idle: boolean | undefined
}

const AUTOGROUP = '/proc/self/autogroup'
/** A line of that file (sched(7), "The autogroup feature"). */
const LINE = /^\/autogroup-\d+ nice (-?\d+)$/m

export function currentNiceness(): Niceness {
  const [terminal, policy] = [statField(TERMINAL), statField(POLICY)]
  return {
    process: getPriority(),
    session: terminal === '0' ? sessionNiceness() : undefined,
    idle: policy === SCHED_OTHER ? false : undefined,
  }
}

/**
 * Sets it for all threads of this process, as Linux does it by thread and the runtime's were started before; who is started later has it too. Among sessions a
 * thread's own niceness counts for nothing, so that of the session is set beside it.
 */
export function setNiceness({ process: own, session, idle }: Niceness): void {
  // The program that changes the policy runs while there is more processor time: first on the way down, last on the way back.
  if (idle === true) setIdle(true)
  for (const thread of threads()) attempt(() => setPriority(thread, own))
  if (session !== undefined) attempt(() => writeFileSync(AUTOGROUP, String(session)))
  if (idle === false) setIdle(false)
}

function threads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    // This thread alone.
    return [0]
  }
}

/** Who is not root cannot take it back, a thread may have ended, and /proc may be read-only. */
function attempt(change: () => void): void {
  try {
    change()
  } catch {}
}

function sessionNiceness(): number | undefined {
  try {
    const [, nice] = LINE.exec(readFileSync(AUTOGROUP, 'utf8')) ?? []
    return nice === undefined ? undefined : Number(nice)
  } catch {
    // A kernel without it.
    return undefined
  }
}

/** proc(5), stat: fields by their numbers there. The third is the first after the name. */
const [TERMINAL, POLICY] = [7, 41]
const SCHED_OTHER = '0'

function statField(number: number): string | undefined {
  try {
    return readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[number - 3]
  } catch {
    return undefined
  }
}

let isIdle = false

/** By chrt of util-linux, as no runtime has sched_setscheduler(2). Without it niceness alone holds. */
export function setIdle(idle: boolean): void {
  if (idle === isIdle) return
  isIdle = idle
  const policy = idle ? '--idle' : '--other'
  spawnSync('chrt', ['--all-tasks', policy, '--pid', '0', String(process.pid)], {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    timeout: POLICY_TIMEOUT_MS,
    stdio: 'ignore',
  })
}
