import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { OPERATOR_TOKEN } from './server.ts'

/** A server as a process of its own below `directory`, with the embedded database and the settings of the product. */
export interface ServerProcess {
  readonly url: string
  readonly child: ChildProcess
  /** The postmaster's process id. */
  readonly postmaster: number
  /** Kills the server, and the database with it if it is named, without any chance to tidy up. */
  kill(which: 'server' | 'server and database'): Promise<void>
}

/** The state directory of servers below `directory`. */
export function stateOf(directory: string): string {
  return join(directory, 'state')
}

export async function startProcess(directory: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      HOLOTYPE_PORT: '0',
      HOLOTYPE_STATE_DIRECTORY: stateOf(directory),
      HOLOTYPE_SITE_DIRECTORY: join(directory, 'site'),
      HOLOTYPE_OPERATOR_TOKEN: OPERATOR_TOKEN,
      HOLOTYPE_DISTRIBUTION: 'acme',
    },
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text)),
    once(child, 'close').then(() => undefined),
  ])
  if (line === undefined) throw new Error(`the server did not start: ${errors}`)
  const pidFile = await readFile(join(stateOf(directory), 'database/data/postmaster.pid'), 'utf8')
  const postmaster = Number.parseInt(pidFile, 10)
  return {
    url: line,
    child,
    postmaster,
    kill: async (which) => {
      const ended = once(child, 'exit')
      if (which === 'server and database') process.kill(postmaster, 'SIGKILL')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** True while a process has this number (and is not a zombie waiting for its parent). */
export async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
}
