import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { environment, HOLOTYPE, type Place } from './place.ts'

export interface Served extends AsyncDisposable {
  readonly address: string
}

const START_MS = 60_000
const LOOK_AGAIN_MS = 200

/** `holotype serve` of the bench's distribution, until disposed. */
export async function startServer(place: Place): Promise<Served> {
  const log = join(place.scratch, 'server.log')
  const child = spawn(HOLOTYPE, ['serve', '--port', '0'], {
    cwd: place.distribution,
    env: { ...process.env, ...environment(place.home) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const file = createWriteStream(log)
  child.stdout.pipe(file, { end: false })
  child.stderr.pipe(file, { end: false })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  const address = join(place.home, 'server-address')
  for (const end = Date.now() + START_MS; !existsSync(address); await delay(LOOK_AGAIN_MS)) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop()
      throw new Error(`the server did not start:\n${readFileSync(log, 'utf8')}`)
    }
  }
  return { address: readFileSync(address, 'utf8').trim(), [Symbol.asyncDispose]: stop }
}
