import { fstatSync, closeSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join, normalize } from 'node:path'

export interface StaticServer extends AsyncDisposable {
  readonly url: string
  /** Requests, in order: path, space, status. */
  readonly asked: string[]
}

/**
 * Serves a directory on the loopback address as a web server does that follows symbolic links: each request opens its file anew, with
 * Last-Modified and If-Modified-Since, in whole seconds. `redirect`: a name that leads through `.tops/NAME/current` is answered with a redirect to
 * the state that it leads to at that moment. `before`: done when an answer with a file's bytes is ready, and before it is sent.
 */
export async function serveStatic(
  base: string,
  { redirect, before }: { readonly redirect: boolean; readonly before?: (path: string) => Promise<void> },
): Promise<StaticServer> {
  const asked: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    const end = (status: number, headers: Record<string, string | number> = {}, bytes?: Buffer) => {
      asked.push(`${path} ${status}`)
      response.writeHead(status, { 'content-length': bytes?.length ?? 0, ...headers })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    }
    const state = redirect ? stateOf(base, path) : undefined
    if (state !== undefined) return end(302, { location: state })
    const file = openFile(join(base, path))
    if (file === undefined) return end(404)
    try {
      const modified = Math.floor(fstatSync(file).mtimeMs / 1000) * 1000
      const known = Date.parse(request.headers['if-modified-since'] ?? '')
      if (known >= modified) return end(304)
      const bytes = readFileSync(file)
      await before?.(path)
      return end(200, { 'last-modified': new Date(modified).toUTCString() }, bytes)
    } finally {
      closeSync(file)
    }
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `/.tops/acme/7/dists/stable/InRelease` for a name that leads through `current`. */
function stateOf(base: string, path: string): string | undefined {
  try {
    const [, name, rest] = /(?:^|\/)\.tops\/([^/]+)\/current\/(.+)$/.exec(readlinkSync(join(base, path))) ?? []
    if (name === undefined) return undefined
    return `/.tops/${name}/${readlinkSync(join(base, '.tops', name, 'current'))}/${rest}`
  } catch {
    return undefined
  }
}

/** Undefined where there is no such file. */
function openFile(path: string): number | undefined {
  try {
    const file = openSync(path, 'r')
    if (fstatSync(file).isFile()) return file
    closeSync(file)
  } catch {
    // No such file.
  }
  return undefined
}
