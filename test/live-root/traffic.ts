import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { get, IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { SYSTEM_PATH } from '@holotype/base'
import { PAGE } from './distribution.ts'

/*
 * A client that keeps a guest's services busy and checks every answer. Each kind of request follows its own answer, so what is slow is a gap
 * and no failure; what is refused, cut off, wrong or without an answer for PATIENCE_MS of the guest's clock is one.
 */

export interface Guest {
  readonly ports: Ports
  /** Starts the guest's clock: `Machine.startClock`. */
  startClock(): () => number
}

export interface Ports {
  readonly ssh: number
  readonly http: number
  readonly echo: number
}

export interface Failure {
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly from: number
  readonly to: number
  readonly error: string
}

/** What one kind of request has seen. */
export interface Tally {
  readonly requests: number
  readonly failures: readonly Failure[]
  /** The longest time between two answers that were right. */
  readonly longestGapMs: number
}

export const KINDS = ['http', 'echo', 'echo connection', 'ssh session', 'ssh login'] as const
export type Kind = (typeof KINDS)[number]

export interface Traffic {
  /** Ends it, and gives what each kind has seen. */
  stop(): Promise<Record<Kind, Tally>>
}

/** Without an answer for so long, by the guest's clock, a request has failed; a guest that is emulated answers late. */
const PATIENCE_MS = 60_000
const TICK_MS = 1000
/** Ten a second, when the answer comes at once. */
const PAUSE_MS = 100
const LOGIN_PAUSE_MS = 1500

/** Opens the two sessions that last, and starts. @throws when they cannot be opened */
export async function startTraffic({ ports, startClock }: Guest, sshKey: string): Promise<Traffic> {
  const clock = startClock()
  const opening = Promise.all([openEcho(ports.echo), openSession(ports.ssh, sshKey)])
  await within(clock, opening)
  const [connection, session] = await opening
  const stopped = new AbortController()
  const { signal } = stopped
  const kinds = {
    http: () => fetchPage(ports.http),
    echo: async () => {
      const own = await openEcho(ports.echo)
      await own.ask().finally(() => own.close())
    },
    'echo connection': () => connection.ask(),
    'ssh session': () => session.ask(),
    'ssh login': () => login(ports.ssh, sshKey),
  } satisfies Record<Kind, () => Promise<void>>
  const running = KINDS.map((kind) =>
    repeat(() => within(clock, kinds[kind]()), kind === 'ssh login' ? LOGIN_PAUSE_MS : PAUSE_MS, signal),
  )
  return {
    async stop() {
      stopped.abort()
      const [http, echo, echoConnection, sshSession, sshLogin] = await Promise.all(running)
      connection.close()
      session.close()
      const none = { requests: 0, failures: [], longestGapMs: 0 }
      return {
        http: http ?? none,
        echo: echo ?? none,
        'echo connection': echoConnection ?? none,
        'ssh session': sshSession ?? none,
        'ssh login': sshLogin ?? none,
      }
    },
  }
}

async function repeat(request: () => Promise<void>, pauseMs: number, signal: AbortSignal): Promise<Tally> {
  const failures: Failure[] = []
  let [requests, longestGapMs, answered] = [0, 0, performance.now()]
  while (!signal.aborted) {
    const from = Date.now()
    requests++
    try {
      await request()
      longestGapMs = Math.max(longestGapMs, performance.now() - answered)
      answered = performance.now()
    } catch (error) {
      failures.push({ from, to: Date.now(), error: String(error) })
    }
    await sleep(pauseMs)
  }
  return { requests, failures, longestGapMs: Math.round(Math.max(longestGapMs, performance.now() - answered)) }
}

async function within(clock: () => number, request: Promise<unknown>): Promise<void> {
  const from = clock()
  const answered = new AbortController()
  const late = async () => {
    while (clock() - from < PATIENCE_MS) await sleep(TICK_MS, undefined, { signal: answered.signal })
    throw new Error('no answer')
  }
  const waited = late()
  try {
    await Promise.race([request, waited])
  } finally {
    waited.catch(() => undefined)
    request.catch(() => undefined)
    answered.abort()
  }
}

async function fetchPage(port: number): Promise<void> {
  const request = get({ host: '127.0.0.1', port, path: '/page', agent: false })
  const response: unknown = (await once(request, 'response'))[0]
  if (!(response instanceof IncomingMessage)) throw new Error('no response')
  const body = await text(response)
  if (response.statusCode !== 200 || body !== PAGE)
    throw new Error(`status ${response.statusCode}, ${body.length} characters`)
}

/** Something that is asked and answers, one question after the other. */
interface Dialogue {
  ask(): Promise<void>
  close(): void
}

async function openEcho(port: number): Promise<Dialogue> {
  const socket: Socket = createConnection(port, '127.0.0.1')
  await once(socket, 'connect')
  const listen = listener(socket)
  socket.on('error', listen.end).on('close', () => listen.end(new Error('closed')))
  let number = 0
  return {
    async ask() {
      const line = `line ${++number} of ${port}\n`
      socket.write(line)
      await listen.until(line)
    },
    close: () => socket.destroy(),
  }
}

/** A shell at a terminal, to which commands are typed: each starts a program with the libraries as they lie there at that moment. */
async function openSession(port: number, key: string): Promise<Dialogue> {
  const child = ssh(port, key, ['-tt'], 'stty -echo; exec sh')
  const listen = listener(child.stdout)
  child.on('exit', (code) => listen.end(new Error(`ssh ended with ${code}`)))
  let number = 0
  const dialogue = {
    async ask() {
      number++
      child.stdin.write(`expr ${number} + 1000000\n`)
      await listen.until(`${number + 1_000_000}\r\n`)
    },
    close: () => void child.kill(),
  }
  await dialogue.ask()
  return dialogue
}

async function login(port: number, key: string): Promise<void> {
  const child = ssh(port, key, [], 'expr 6 + 1')
  const said = text(child.stdout)
  const complaint = text(child.stderr)
  await once(child, 'close')
  if ((await said) !== '7\n') throw new Error(`code ${child.exitCode}: ${(await complaint).trim().slice(-200)}`)
}

function ssh(port: number, key: string, options: readonly string[], command: string) {
  const settings = [
    ...['BatchMode=yes', 'IdentitiesOnly=yes'],
    // The guest made its key a moment ago, and nobody lies between.
    ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'],
  ].flatMap((setting) => ['-o', setting])
  const argv = ['-F', '/dev/null', '-i', key, '-p', String(port), ...settings, ...options, 'root@127.0.0.1', command]
  const child = spawn('ssh', argv, { env: { PATH: SYSTEM_PATH, HOME: '/nonexistent' } })
  endWithUs(child)
  return child
}

function endWithUs(child: ChildProcess): void {
  const end = () => void child.kill()
  process.once('exit', end)
  child.once('exit', () => process.removeListener('exit', end))
}

/** Reads a stream for expected texts. */
function listener(stream: NodeJS.ReadableStream) {
  let received = ''
  let ended: Error | undefined
  let waiting: (() => void) | undefined
  stream.on('data', (chunk: Buffer) => {
    received += chunk.toString()
    waiting?.()
  })
  return {
    end(error: Error) {
      ended ??= error
      waiting?.()
    },
    async until(expected: string) {
      for (;;) {
        const place = received.indexOf(expected)
        if (place !== -1) {
          received = received.slice(place + expected.length)
          return
        }
        if (ended) throw ended
        await new Promise<void>((resolve) => {
          waiting = resolve
        })
      }
    },
  }
}
