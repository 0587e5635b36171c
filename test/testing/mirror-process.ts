import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { SYSTEM_PATH } from '@holotype/base'

/*
 * A mirror that is as bad as its path says: `/truncate.7/objects/…` are the objects of one that breaks off. The name after the point tells one
 * node's requests from another's. It prints a line for each request and for each body it sent, and ends with its standard input.
 *
 * argv: the folder with the sites (`new`, `old`, `expired`, `forged`); milliseconds that each byte takes longer each way; bytes of objects after
 * which the whole machine dies, and how: `kill` or `unplug`; where redirects lead.
 */

const [sites = '', delay = '0', lethal = '0', death = '', elsewhere = ''] = process.argv.slice(2)
const PORT = 80

const tell = (what: unknown) => void process.stdout.write(`${JSON.stringify(what)}\n`)

type Behaviour = (request: Asked, response: ServerResponse) => void

interface Asked {
  readonly role: string
  /** Role and the node's name. */
  readonly base: string
  readonly path: string
  readonly isObject: boolean
  /** How many bodies this base was asked for before. */
  readonly count: number
  readonly message: IncomingMessage
}

const counts = new Map<string, number>()
const sentByBase = new Map<string, number>()
let sent = 0

/** The file as a plain web server sends it, or what `change` makes of its bytes. */
function serve(asked: Asked, response: ServerResponse, { site = 'new', change = (bytes: Buffer) => bytes } = {}): void {
  const file = join(sites, site, asked.path)
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end()
  const whole = change(readFileSync(file))
  const [, from, to = ''] = /^bytes=([0-9]+)-([0-9]*)$/.exec(asked.message.headers.range ?? '') ?? []
  const ranged = from !== undefined && asked.role !== 'no-ranges'
  const start = ranged ? Number(from) : 0
  const end = ranged && to !== '' ? Math.min(Number(to) + 1, whole.length) : whole.length
  if (start >= end) return void response.writeHead(416).end()
  const bytes = whole.subarray(start, end)
  response.writeHead(ranged ? 206 : 200, {
    'content-length': bytes.length,
    ...(ranged ? { 'content-range': `bytes ${start}-${end - 1}/${whole.length}` } : {}),
  })
  void send(asked, response, { bytes, start })
}

async function send(asked: Asked, response: ServerResponse, { bytes, start }: { bytes: Buffer; start: number }) {
  const breakAt = asked.role === 'truncate' && bytes.length > 32_768 ? bytes.length >> 1 : bytes.length
  const piece = asked.role === 'trickle' && asked.isObject ? 1 : 16_384
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  let at = 0
  while (at < breakAt && !response.destroyed) {
    const chunk = bytes.subarray(at, Math.min(at + piece, breakAt))
    at += chunk.length
    if (asked.isObject) count(asked.base, chunk.length)
    if (asked.role === 'dies' && (sentByBase.get(asked.base) ?? 0) > 600_000) break
    // Waits until the connection took it, so that what is counted is about what was sent.
    await Promise.race([closed, new Promise<void>((resolve) => response.write(chunk, () => resolve()))])
    if (piece === 1) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  tell({ base: asked.base, path: asked.path, start, bytes: at })
  if (at === bytes.length) response.end()
  else response.destroy()
}

function count(base: string, bytes: number): void {
  sent += bytes
  sentByBase.set(base, (sentByBase.get(base) ?? 0) + bytes)
  if (Number(lethal) === 0 || sent < Number(lethal)) return
  if (death === 'kill') process.kill(process.pid, 'SIGKILL')
  else spawnSync('ip', ['link', 'set', 'eth0', 'down'], { env: { PATH: SYSTEM_PATH } })
}

/** Another object of the site, of about the size. */
function otherObject(bytes: Buffer): Buffer {
  const folders = readdirSync(join(sites, 'new/objects'))
  const files = folders.flatMap((folder) =>
    readdirSync(join(sites, 'new/objects', folder)).map((name) => join(sites, 'new/objects', folder, name)),
  )
  const others = files
    .filter((file) => statSync(file).size >= Math.min(bytes.length, 1000))
    .map((file) => readFileSync(file))
  return others.find((other) => !other.equals(bytes)) ?? Buffer.alloc(bytes.length)
}

function endless(response: ServerResponse): void {
  const noise = randomBytes(65_536)
  const more = () => {
    while (!response.destroyed && response.write(noise));
  }
  response.on('drain', more)
  response.writeHead(200)
  more()
}

const flipped = (bytes: Buffer) => {
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
  return bytes
}

/** Only of objects; the trust metadata is served as it is. */
const ofObjects =
  (behaviour: Behaviour): Behaviour =>
  (asked, response) =>
    asked.isObject ? behaviour(asked, response) : serve(asked, response)

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  honest: serve,
  truncate: serve,
  'no-ranges': serve,
  busy: (asked, response) =>
    asked.count % 2 === 0 ? void response.writeHead(503).end('later') : serve(asked, response),
  dies(asked, response) {
    if ((sentByBase.get(asked.base) ?? 0) > 600_000) response.destroy()
    else serve(asked, response)
  },
  tamper: ofObjects((asked, response) => serve(asked, response, { change: flipped })),
  swap: ofObjects((asked, response) => serve(asked, response, { change: otherObject })),
  torn: ofObjects((asked, response) => serve(asked, response, { site: 'old' })),
  stall: ofObjects((_asked, response) => response.writeHead(200, { 'content-length': 1_000_000 }).flushHeaders()),
  silent: () => {},
  trickle: serve,
  endless: (_asked, response) => endless(response),
  'endless-objects': ofObjects((_asked, response) => endless(response)),
  redirect: ({ path }, response) => void response.writeHead(302, { location: `${elsewhere}${path}` }).end(),
  'redirect-objects': ofObjects(
    ({ path }, response) => void response.writeHead(307, { location: `${elsewhere}${path}` }).end(),
  ),
  old: (asked, response) => serve(asked, response, { site: 'old' }),
  expired: (asked, response) => serve(asked, response, { site: 'expired' }),
  forged: (asked, response) => serve(asked, response, { site: 'forged' }),
}

const server = createServer((message, response) => {
  const [, base = '', path = ''] = /^\/([a-z]+(?:-[a-z]+)*\.[\w-]+)\/([\w./+-]+)$/.exec(message.url ?? '') ?? []
  const role = base.split('.')[0] ?? ''
  const before = counts.get(base) ?? 0
  counts.set(base, before + 1)
  if (path.includes('..')) return void response.writeHead(400).end()
  const asked = { role, base, path, isObject: path.startsWith('objects/'), count: before, message }
  const behaviour = BEHAVIOURS[role]
  tell({ base, path, start: 0, bytes: 0 })
  if (behaviour) behaviour(asked, response)
  else response.writeHead(400).end()
})

/** Hands on what comes a while later. */
function late(from: Socket, to: Socket): void {
  const after = (action: () => void) => void setTimeout(action, Number(delay))
  from.on('data', (chunk: Buffer) => after(() => void (to.destroyed || to.write(chunk))))
  from.on('end', () => after(() => to.end()))
  from.on('error', () => to.destroy())
  from.on('close', () => after(() => to.destroy()))
}

if (Number(delay) === 0) server.listen(PORT, () => tell('ready'))
else {
  server.listen(8080, '127.0.0.1')
  createTcpServer({ allowHalfOpen: true }, (client) => {
    const inner = connect({ port: 8080, host: '127.0.0.1', allowHalfOpen: true })
    late(client, inner)
    late(inner, client)
  }).listen(PORT, () => tell('ready'))
}
process.stdin.on('end', () => process.exit()).resume()
