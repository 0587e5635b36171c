import { createServer } from 'node:http'
import type { CheckinRequest, RunReport } from '../protocol.ts'
import { parseNodeAuthorization, verifyNodeAuthorization } from '../auth.ts'

/** The server's API as far as an agent uses it, for tests of this package; signatures are really checked. */
export interface FakeServer extends AsyncDisposable {
  readonly url: string
  /** One-time secrets that enrolment takes. */
  readonly secrets: Set<string>
  readonly checkins: CheckinRequest[]
  readonly reports: RunReport[]
  readonly sets: Map<string, string>
  /** Answers every request with this status when it is set. */
  status: number | undefined
  labels: Readonly<Record<string, string>>
}

export async function startFakeServer(): Promise<FakeServer> {
  let key = ''
  const fake: FakeServer = {
    url: '',
    secrets: new Set(['a-secret-that-is-good-once']),
    checkins: [],
    reports: [],
    sets: new Map(),
    status: undefined,
    labels: { role: 'web' },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const handle = (method: string, path: string, body: string, authorization: string): [number, unknown] => {
    if (fake.status !== undefined) return [fake.status, { detail: 'told to fail', hint: 'none' }]
    if (path === '/api/v1/nodes/enrol') {
      const request: { token: string; publicKey: string } = JSON.parse(body)
      if (!fake.secrets.delete(request.token)) return [403, { detail: 'the token is spent', hint: 'make a new one' }]
      key = request.publicKey
      return [200, { node: 'node-1', name: 'web1', channel: 'web', labels: fake.labels }]
    }
    const parsed = parseNodeAuthorization(authorization)
    if (!parsed || !verifyNodeAuthorization({ method, path, body }, parsed, key)) return [401, { detail: 'who?' }]
    if (path === '/api/v1/checkin') {
      const checkin: CheckinRequest = JSON.parse(body)
      fake.checkins.push(checkin)
      return [200, { answer: checkin.set === null || fake.sets.has(checkin.set) ? 'same' : 'send-set' }]
    }
    if (path === '/api/v1/runs') fake.reports.push(JSON.parse(body))
    if (path.startsWith('/api/v1/sets/')) fake.sets.set(path.slice('/api/v1/sets/'.length), body)
    return [204, undefined]
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const [status, value] = handle(request.method ?? '', request.url ?? '', body, request.headers.authorization ?? '')
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(value === undefined ? '' : JSON.stringify(value))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return Object.assign(fake, { url: `http://127.0.0.1:${port}` })
}
