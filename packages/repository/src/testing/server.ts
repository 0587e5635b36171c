import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'

export interface TestServer extends AsyncDisposable {
  readonly url: string
  /** Paths asked for, in order. */
  readonly asked: string[]
  /** What answers a path instead of the folder's file. */
  readonly answers: Map<string, RequestListener>
}

/** Serves a folder on the loopback address, and whatever faults a test puts before it. */
export async function serve(folder: string): Promise<TestServer> {
  const asked: string[] = []
  const answers = new Map<string, RequestListener>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    asked.push(path)
    const answer = answers.get(path)
    if (answer) return answer(request, response)
    const file = join(folder, path)
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end()
    const bytes = readFileSync(file)
    return response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Announces more than it sends, then breaks the connection. */
export const truncated =
  (bytes: Uint8Array): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
  }

/** The right length, one byte turned. */
export const tampered =
  (bytes: Uint8Array): RequestListener =>
  (_, response) => {
    const wrong = Buffer.from(bytes)
    const middle = wrong.length >> 1
    wrong[middle] = (wrong[middle] ?? 0) ^ 1
    response.writeHead(200, { 'content-length': wrong.length }).end(wrong)
  }

/** One byte every few milliseconds, for ever. */
export const endless: RequestListener = (_, response) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write('x'), 5)
  response.on('close', () => clearInterval(timer))
}

/** More than anyone asked for, its length not announced. */
export const oversized: RequestListener = (_, response) => {
  response.writeHead(200)
  response.end(Buffer.alloc(1_000_000))
}

/** Answers, then never sends a byte. */
export const silent: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': 100 })
  response.flushHeaders()
}
