import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuditRecord, NodeDetail, NodeSummary, Rollout, Status } from '@holotype/server'

/** A server for the tests of the command: says what the API's schemas allow, with times relative to now. */
export interface FakeServer extends AsyncDisposable {
  readonly url: string
  /** The bearer tokens that came with requests, in order. */
  readonly logins: readonly (string | undefined)[]
}

export const FAKE_TOKEN = 'f'.repeat(64)

const WEB_1 = `sha256:${'1a2b3c4d5e6f'.padEnd(64, '0')}`
const WEB_2 = `sha256:${'9f8e7d6c5b4a'.padEnd(64, '0')}`

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000 - 15_000).toISOString()

function rollout(): Rollout {
  return {
    rollout: 'r-7',
    channel: 'web',
    state: 'running',
    from: WEB_1,
    fromName: 'web',
    to: WEB_2,
    toName: 'web',
    diff: null,
    started: ago(12),
    ended: null,
    actor: 'ada',
    commit: '0123456789abcdef0123456789abcdef01234567',
    reason: 'patch day',
    statement: 7,
    waves: [
      {
        name: 'canary',
        select: { role: 'canary' },
        share: 10_000,
        open: true,
        opened: ago(12),
        nodes: 1,
        converged: 1,
        failed: 0,
        gate: { soak: 0, soaked: 0, success: 10_000, observed: 10_000, verdict: 'open', reason: '' },
      },
      {
        name: 'rest',
        select: {},
        share: 5000,
        open: false,
        opened: null,
        nodes: 5,
        converged: 0,
        failed: 1,
        gate: { soak: 1800, soaked: 720, success: 9900, observed: 10_000, verdict: 'waiting', reason: '' },
      },
    ],
  }
}

function nodes(): NodeSummary[] {
  const node = (number: number, over: Partial<NodeSummary>): NodeSummary => ({
    node: `n-${number}`,
    name: `web-${number}`,
    channel: 'web',
    labels: { role: 'web', site: 'a' },
    image: WEB_1,
    imageName: 'web',
    statement: 7,
    lastSeen: ago(1),
    lastOutcome: 'converged',
    kernel: '6.1.0-44-amd64',
    flags: [],
    findings: 0,
    ...over,
  })
  return [
    node(1, { image: WEB_2, labels: { role: 'canary' } }),
    node(2, { findings: 1, flags: ['reboot-pending'] }),
    node(3, { lastOutcome: 'failed', flags: ['failed'], lastSeen: ago(200) }),
    node(4, {
      channel: 'edge',
      image: null,
      imageName: null,
      lastSeen: null,
      lastOutcome: null,
      kernel: '',
      labels: {},
    }),
  ]
}

function detail(): NodeDetail {
  const [, node] = nodes()
  if (!node) throw new Error('no such node')
  const run = {
    outcome: 'converged',
    from: WEB_2,
    to: WEB_1,
    statement: 7,
    milliseconds: 4200,
    bytesFetched: 1536,
  } as const
  return {
    ...node,
    enrolled: ago(3000),
    findingList: [{ kind: 'unauthorized-package', package: 'htop', architecture: 'amd64', installed: '3.2.2-2' }],
    runs: [
      {
        ...run,
        run: 'run-2',
        started: ago(5),
        changed: { written: 3, removed: 1, metadata: 0 },
        repaired: ['/usr/lib/libz.so.1', '/etc/nginx/nginx.conf'],
        repairedCount: 3,
        triggers: [{ name: 'reload-nginx', exit: 0, milliseconds: 35, output: '' }],
      },
      {
        ...run,
        outcome: 'failed',
        run: 'run-1',
        started: ago(65),
        changed: { written: 0, removed: 0, metadata: 0 },
        repaired: [],
        repairedCount: 0,
        triggers: [],
        error: { code: 'SITE_UNREACHABLE', what: 'no mirror answers', hint: '' },
      },
    ],
  }
}

function status(): Status {
  return {
    distribution: 'acme',
    time: ago(0),
    attention: [
      {
        kind: 'finding',
        severity: 'high',
        title: 'web-2 holds a package that nobody allowed',
        detail: 'htop 3.2.2-2',
        href: '/nodes/n-2',
        since: ago(30),
      },
      {
        kind: 'rollout-waiting',
        severity: 'low',
        title: 'rollout r-7 waits',
        detail: 'soaking',
        href: '/rollouts/r-7',
        since: ago(12),
      },
    ],
    channels: [
      {
        channel: 'web',
        statement: 7,
        current: WEB_1,
        currentName: 'web',
        next: WEB_2,
        nextName: 'web',
        rollout: rollout(),
        nodes: 6,
        byImage: [
          { image: WEB_2, name: 'web', nodes: 1 },
          { image: WEB_1, name: 'web', nodes: 4 },
          { image: null, name: '', nodes: 1 },
        ],
      },
    ],
    nodes: 6,
    findings: 1,
    checked: [],
  }
}

function emptyStatus(): Status {
  const checked = [{ source: 'nodes', time: null }]
  return { distribution: 'acme', time: ago(0), attention: [], channels: [], nodes: 0, findings: 0, checked }
}

const audit: AuditRecord[] = [
  {
    id: 2,
    time: '2026-11-21T06:12:00.000Z',
    actor: 'ada',
    action: 'rollout.start',
    subject: 'web/r-7',
    reason: 'patch day',
    commit: '0123456789abcdef0123456789abcdef01234567',
  },
  {
    id: 1,
    time: '2026-11-21T06:00:00.000Z',
    actor: 'bob',
    action: 'diff.approve',
    subject: 'sha256:77',
    reason: 'seen\u001b[2J it',
    commit: '',
  },
]

const problem = (code: string, status: number, detail: string) => ({
  status,
  body: { type: 'about:blank', title: code, status, detail, code, hint: `mend ${code}`, request: 'req-1' },
})

function answer(method: string, path: string, login: string | undefined): { status: number; body: unknown } {
  const ok = (body: unknown) => ({ status: 200, body })
  switch (`${method} ${path}`) {
    case 'GET /api/v1/status':
      return ok(status())
    case 'GET /empty/api/v1/status':
      return ok(emptyStatus())
    case 'GET /empty/api/v1/nodes':
    case 'GET /empty/api/v1/rollouts':
    case 'GET /empty/api/v1/audit':
      return ok([])
    case 'GET /api/v1/nodes':
      return ok(nodes())
    case 'GET /api/v1/nodes/web-2':
      return ok(detail())
    case 'GET /api/v1/rollouts':
      return ok([rollout()])
    case 'GET /api/v1/rollouts/r-7':
      return ok(rollout())
    case 'GET /api/v1/audit':
      return ok(audit)
    case 'GET /strange/api/v1/status':
      return ok({ distribution: 7 })
    case 'POST /api/v1/tokens':
      if (login !== `Bearer ${FAKE_TOKEN}`) return problem('LOGIN_REQUIRED', 401, 'the token is not the one')
      return ok({ token: 'holotype-enrol-1', expires: new Date(Date.now() + 3_600_000).toISOString() })
    default:
      return path.startsWith('/down/')
        ? problem('DATABASE_UNREACHABLE', 503, 'the database does not answer')
        : problem('NODE_UNKNOWN', 404, `nothing at ${path}`)
  }
}

export async function startFakeServer(): Promise<FakeServer> {
  const logins: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    logins.push(request.headers.authorization)
    request.resume()
    if (path.startsWith('/html/')) return void response.end('<html>a web server</html>')
    if (path.startsWith('/elsewhere/')) return void response.writeHead(302, { location: '/api/v1/status' }).end()
    const { status: code, body } = answer(request.method ?? '', path, request.headers.authorization)
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    logins,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('the server listens on no port')
}
