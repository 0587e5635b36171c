import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface RsyncDaemon extends AsyncDisposable {
  /** `rsync://127.0.0.1:PORT/`, before a module's name. */
  readonly url: string
  readonly pid: number
}

const START_ATTEMPTS = 100
const LOOK_AGAIN_MS = 50

/** An rsync daemon on a free loopback port; each directory below `trees` is a module. */
export async function startRsync(directory: string, trees: string): Promise<RsyncDaemon> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const settings = ['uid = root', 'gid = root', 'use chroot = no', `lock file = ${join(directory, 'lock')}`]
  const modules = ['first', 'second'].flatMap((name) => [`[${name}]`, `path = ${join(trees, name)}`, 'read only = yes'])
  const file = join(directory, 'rsyncd.conf')
  writeFileSync(file, `${[...settings, ...modules].join('\n')}\n`)
  const child = spawn(
    'rsync',
    ['--daemon', '--no-detach', `--config=${file}`, '--address=127.0.0.1', `--port=${port}`],
    {
      stdio: 'ignore',
    },
  )
  for (let attempt = 0; !(await listens(port)); attempt++) {
    if (attempt > START_ATTEMPTS || child.exitCode !== null) throw new Error('the rsync daemon did not start')
    await delay(LOOK_AGAIN_MS)
  }
  return {
    url: `rsync://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || !address) throw new Error('no free port')
  return address.port
}

export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
