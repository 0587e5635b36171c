import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, listens } from '../harness/rsync-daemon.ts'
import { setTimeout as delay } from 'node:timers/promises'

export interface WebServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** What was answered so far: bytes with their heads, and how many requests. */
  sent(): { readonly bytes: number; readonly requests: number }
}

/** nginx on a free loopback port: one worker, files alone. */
export async function startNginx(directory: string, root: string): Promise<WebServer> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const [log, settings] = [join(directory, 'bytes.log'), join(directory, 'nginx.conf')]
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  )
  writeFileSync(
    settings,
    `user root; daemon off; master_process off; pid ${join(directory, 'pid')}; error_log ${join(directory, 'error.log')};
events {} http { ${temporary.join(' ')} log_format bytes '$bytes_sent'; access_log ${log} bytes; sendfile on; keepalive_requests 100000;
server { listen 127.0.0.1:${port}; root ${root}; } }\n`,
  )
  const child = spawn('nginx', ['-c', settings], { stdio: 'ignore' })
  for (let attempt = 0; !(await listens(port)); attempt++) {
    if (attempt > 100 || child.exitCode !== null) throw new Error('nginx did not start')
    await delay(50)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    sent() {
      const answers = readFileSync(log, 'utf8').split('\n').slice(0, -1)
      return { bytes: answers.reduce((sum, line) => sum + Number(line), 0), requests: answers.length }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Seconds of processor that a process and those of its children that ended took (proc(5), stat: fields 14 to 17, ticks of 10 ms). */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}
