import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

/*
 * Runs in the guest, whose machine has no network: serves the site of the boot check's own disk to the agent, and answers for the server.
 * `node serve-site.ts DIRECTORY PORT CHANNEL`; says `ready` when it listens.
 */

const [directory = '/', port = '0', channel = ''] = process.argv.slice(2)
const answers: Readonly<Record<string, unknown>> = {
  '/api/v1/nodes/enrol': { node: 'boot-check', name: 'boot-check', channel, labels: {} },
  '/api/v1/checkin': { answer: 'same' },
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site')
  if (request.method !== 'GET') {
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[pathname] ?? {}))
    return
  }
  const file = join(directory, pathname)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) {
    response.writeHead(404).end()
    return
  }
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Math.min(Number(to ?? stat.size - 1), stat.size - 1)
  const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${stat.size}` }
  response.writeHead(from === undefined ? 200 : 206, { 'content-length': end - start + 1, ...range })
  createReadStream(file, { start, end }).pipe(response)
})
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
