import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { agentCommand } from './agent-command.ts'

/** The calls by which a program changes what is on a disk. */
const CHANGING = [
  'openat',
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'symlink',
  'symlinkat',
  'unlink',
  'unlinkat',
  'rmdir',
  'mkdir',
  'mkdirat',
  'mknodat',
  'chmod',
  'fchmod',
  'fchmodat',
  'chown',
  'fchown',
  'lchown',
  'fchownat',
  'utimensat',
  'truncate',
  'ftruncate',
  'fallocate',
  'copy_file_range',
  'sendfile',
  'fsync',
  'fdatasync',
  'sync_file_range',
  'ioctl',
  'setxattr',
  'lsetxattr',
  'fsetxattr',
] as const
const ALL = CHANGING.join(',')

/** One call of a run: the `number`th of its name, of those at its path if it has one, and its line as strace tells it. */
export interface Call {
  readonly name: string
  readonly number: number
  /**
   * Of a `write` to a file that has the same name in every run. Another one is counted among those to sockets and between threads, which differ from run
   * to run, and of which none can fail for want of room.
   */
  readonly path?: string
  readonly line: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it printed: one JSON value a line. */
  readonly output: string
}

/** Runs the agent once and tells the calls of its main thread that change something below `directory`. */
export async function callsOf(state: string, directory: string, log: string): Promise<Call[]> {
  const { code } = await straced(
    ['-y', '-qq', '-s', '200', '-e', `trace=${ALL}`, '-e', 'signal=none', '-o', log],
    state,
  )
  if (code !== 0) throw new Error(`the agent ended with ${code}`)
  const counts = new Map<string, number>()
  const calls: Call[] = []
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const name = /^[a-z0-9_]+(?=\()/.exec(line)?.[0]
    if (name === undefined) continue
    const path = /^writev?\(\d+<(\/[^>]*)>/.exec(line)?.[1]
    const isNamed = path !== undefined && path.startsWith(directory) && !/\.tmp-\d/.test(path)
    const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1).get(what) ?? 0
    const all = count(name)
    const number = isNamed ? count(`${name} ${path}`) : all
    if (changes(name, line, directory)) calls.push({ name, number, line, ...(isNamed ? { path } : {}) })
  }
  return calls
}

function changes(name: string, line: string, directory: string): boolean {
  if (name === 'openat') return /O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/.test(line) && line.includes(directory)
  if (name === 'ioctl') return line.includes('FICLONE')
  return line.includes(directory) || line.includes('/proc/self/fd/')
}

/** Runs the agent once and does something to it at one call: `signal=KILL` ends it before the call, `error=EIO` fails it, and with `onward` every later one of the same name. */
export async function inject(state: string, call: Call, what: string, onward = false): Promise<Ended> {
  const { name, number, path } = call
  const when = onward ? `${number}+` : String(number)
  const at = path === undefined ? [] : ['-P', path]
  return straced(
    ['-qq', ...at, '-e', `trace=${name}`, '-e', `inject=${name}:${what}:when=${when}`, '-o', '/dev/null'],
    state,
  )
}

function straced(options: readonly string[], state: string): Promise<Ended> {
  return runAgent(state, ['strace', ...options, '--'])
}

/** Runs the agent once, `by` another program. */
export function runAgent(state: string, by: readonly string[] = []): Promise<Ended> {
  const [program, ...args] = [...by, ...agentCommand, 'run', '--once', '--json', '--state', state]
  const child = spawn(program ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, output }))
  })
}
