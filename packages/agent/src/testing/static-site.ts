import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'

/** How a mirror lies about one request. */
export type Lie = 'truncate' | 'tamper' | 'missing' | 'stall' | 'error' | 'no-ranges' | 'endless'

export interface StaticSite extends AsyncDisposable {
  readonly url: string
  /** Every request's path with its range. */
  readonly asked: string[]
  /** Says for each request how to lie, or undefined to tell the truth. */
  lie: (path: string, count: number) => Lie | undefined
  /** Bytes of bodies sent. */
  sent: number
}

/** Serves a directory on a loopback port, with ranges, as a plain web server would; lies on demand. */
export async function serveSite(directory: string): Promise<StaticSite> {
  const counts = new Map<string, number>()
  const site: StaticSite = {
    url: '',
    asked: [],
    lie: () => undefined,
    sent: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const count = (counts.get(path) ?? 0) + 1
    counts.set(path, count)
    site.asked.push(`${path} ${request.headers.range ?? ''}`.trim())
    answer({ directory, path, request, response, lie: site.lie(path, count), site })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return Object.assign(site, { url: `http://127.0.0.1:${port}/` })
}

interface Request {
  readonly directory: string
  readonly path: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly lie: Lie | undefined
  readonly site: StaticSite
}

function answer({ directory, path, request, response, lie, site }: Request): void {
  const file = join(directory, path)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile() || lie === 'missing') return void response.writeHead(404).end('no such file')
  if (lie === 'error') return void response.writeHead(503).end('away')
  if (lie === 'stall') {
    response.writeHead(200, { 'content-length': stat.size }).flushHeaders()
    return
  }
  if (lie === 'endless') return endless(response, readFileSync(file))
  const [, from, to] = /^bytes=([0-9]+)-([0-9]+)$/.exec(request.headers.range ?? '') ?? []
  const ranged = from !== undefined && to !== undefined && lie !== 'no-ranges'
  const start = ranged ? Number(from) : 0
  const end = ranged ? Math.min(Number(to), stat.size - 1) : stat.size - 1
  const length = end - start + 1
  response.writeHead(ranged ? 206 : 200, {
    'content-length': length,
    ...(ranged ? { 'content-range': `bytes ${start}-${end}/${stat.size}` } : {}),
  })
  site.sent += length
  if (lie === undefined || lie === 'no-ranges') return void createReadStream(file, { start, end }).pipe(response)
  const bytes = readFileSync(file).subarray(start, end + 1)
  if (lie === 'tamper') {
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
    response.end(bytes)
  } else {
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
  }
}

/** The right bytes, and then others for as long as somebody reads. */
function endless(response: ServerResponse, bytes: Buffer): void {
  const more = Buffer.alloc(65_536)
  const write = () => {
    while (!response.destroyed && response.write(more));
  }
  response.writeHead(200).write(bytes)
  response.on('drain', write)
  write()
}
