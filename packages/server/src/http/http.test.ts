import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson, digestOf } from '@holotype/base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { problemSchema } from '../api.ts'
import { EVENT_INTERVAL_MS } from '../limits.ts'
import { startServer } from '../server.ts'
import { startTestDatabase, type TestDatabase } from '../testing/database.ts'
import { imageNamed, ONE_APPROVAL, OPERATOR_TOKEN, startTestServer, type TestServer } from '../testing/server.ts'

let database: TestDatabase
let server: TestServer
let consoleDirectory: string
const lines: string[] = []
beforeAll(async () => {
  database = await startTestDatabase()
  consoleDirectory = await mkdtemp(join(tmpdir(), 'holotype-test-'))
  await mkdir(join(consoleDirectory, 'assets'))
  await writeFile(join(consoleDirectory, 'index.html'), '<!doctype html><title>Holotype</title>')
  await writeFile(join(consoleDirectory, 'assets/index-B1f2.js'), 'export {}')
  server = await startTestServer(database, {
    consoleDirectory,
    log: { level: 'info', write: (line) => lines.push(line) },
  })
})
beforeEach(() => {
  lines.length = 0
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  await rm(consoleDirectory, { recursive: true })
})

/** A request whose host header and path are exactly what is said. */
function raw(
  path: string,
  headers: Record<string, string>,
  to = server.url,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(to)
    const sent = request({ hostname, port, path, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
    })
    sent.on('error', reject).end()
  })
}

describe('an error', () => {
  it('is a problem document that names the request, which the log names too', async () => {
    const answer = await server.get('/api/v1/nodes/nobody')
    expect(answer.headers.get('content-type')).toMatch('application/problem+json')
    const problem = problemSchema.parse(answer.body)
    expect(problem).toMatchObject({
      type: 'urn:holotype:problem:NODE_UNKNOWN',
      status: 404,
      code: 'NODE_UNKNOWN',
      detail: 'no node nobody',
    })
    expect(lines.some((line) => line.includes(problem.request))).toBe(true)
  })

  it('has one form for every way to be wrong', async () => {
    const answers = await Promise.all([
      server.get('/api/v1/none'),
      server.get('/site/none'),
      server.post('/tokens', '{'),
      server.post('/tokens', 'x', { 'content-type': 'text/plain' }),
      server.post('/images', 'x'.repeat(5_000_000)),
      server.post('/tokens', '{"__proto__":{"a":1}}'),
    ])
    expect(answers.map(({ status, body }) => [status, problemSchema.parse(body).code])).toEqual([
      [404, 'NOT_FOUND'],
      [404, 'NOT_FOUND'],
      [400, 'REQUEST_INVALID'],
      [415, 'REQUEST_INVALID'],
      [413, 'BODY_TOO_LARGE'],
      [400, 'REQUEST_INVALID'],
    ])
  })

  it('never shows a secret, nor does the log', async () => {
    const token = await server.token('a')
    await server.get('/api/v1/nodes', { authorization: `Bearer ${OPERATOR_TOKEN}` })
    await server.post('/nodes/enrol', { token, publicKey: 'wrong', hostname: 'h' })
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(line).not.toContain(OPERATOR_TOKEN)
      expect(line).not.toContain(token)
    }
  })
})

describe('reads', () => {
  it('are open on loopback to who names it so', async () => {
    const { port } = new URL(server.url)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
      expect((await raw('/api/v1/nodes', { host })).status).toBe(200)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', '10.0.0.1']) {
      const { status, body } = await raw('/api/v1/nodes', { host })
      expect([status, problemSchema.parse(JSON.parse(body)).code]).toEqual([403, 'HOST_REFUSED'])
      expect((await raw('/metrics', { host })).status).toBe(403)
      const authorization = `Bearer ${OPERATOR_TOKEN}`
      expect((await raw('/api/v1/nodes', { host, authorization })).status).toBe(200)
    }
  })

  it('with a wrong token are refused even there', async () => {
    expect((await server.get('/api/v1/nodes', { authorization: 'Bearer wrong' })).status).toBe(401)
  })

  it('need the token when we listen beyond loopback; the site and the health do not', async () => {
    const outside = await startTestServer(database, { host: '0.0.0.0' })
    try {
      const url = outside.url.replace('0.0.0.0', '127.0.0.1')
      const paths = ['status', 'nodes', 'rollouts', 'images', 'diffs', 'audit', 'events', 'openapi.json', 'nodes/x']
      for (const path of [...paths.map((one) => `/api/v1/${one}`), '/metrics'])
        expect([path, (await fetch(url + path)).status]).toEqual([path, 401])
      const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
      expect((await fetch(`${url}/api/v1/nodes`, { headers })).status).toBe(200)
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      expect((await fetch(`${url}/site/trust/1.root.json`)).status).toBe(200)
    } finally {
      await outside[Symbol.asyncDispose]()
    }
  })
})

describe('the start', () => {
  it.each(['', 'secret', 'x'.repeat(31)])('is refused with the weak token "%s"', async (operatorToken) => {
    const stateDirectory = join(tmpdir(), 'holotype-never-made')
    const start = startServer({
      host: '127.0.0.1',
      port: 0,
      stateDirectory,
      siteDirectory: join(stateDirectory, 'site'),
      operatorToken,
      distribution: 'acme',
      reviewPolicy: ONE_APPROVAL,
    })
    await expect(start).rejects.toMatchObject({ code: 'OPERATOR_TOKEN_WEAK' })
  })

  it('is refused on a port that is taken', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startTestServer(database, { port })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  it('is refused without a database', async () => {
    const databaseUrl = 'postgresql://holotype:hunter2@127.0.0.1:1/none'
    const start = startTestServer(database, { databaseUrl })
    await expect(start).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    await expect(start).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') })
  })
})

describe('the OpenAPI document', () => {
  it('is 3.1 and has every route with its schemas and logins', async () => {
    const { body } = await server.get('/api/v1/openapi.json')
    expect(body).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\./),
      paths: {
        '/api/v1/checkin': { post: { security: [{ node: [] }], requestBody: { content: { 'application/json': {} } } } },
        '/api/v1/status': { get: { security: [{ operator: [] }], responses: { 200: {} } } },
        '/api/v1/statements': { post: { requestBody: { content: { 'application/json': {} } } } },
      },
    })
    expect(Object.keys(Object(Object(body).paths)).sort()).toEqual(
      [
        'audit',
        'checkin',
        'diffs',
        'diffs/{digest}',
        'diffs/{digest}/approvals',
        'diffs/{digest}/comments',
        'diffs/{digest}/reviewed',
        'events',
        'images',
        'images/{image}/boot',
        'nodes',
        'nodes/enrol',
        'nodes/{node}',
        'reviewers',
        'rollouts',
        'rollouts/{rollout}',
        'runs',
        'sets/{digest}',
        'statements',
        'status',
        'tokens',
      ].map((path) => `/api/v1/${path}`),
    )
  })
})

describe('the site', () => {
  it('is served as any web server would, ranges included', async () => {
    await mkdir(join(server.siteDirectory, 'objects/ab'), { recursive: true })
    await writeFile(join(server.siteDirectory, 'objects/ab/cdef'), '0123456789')
    await writeFile(join(server.siteDirectory, 'trust/timestamp.json'), '{}')
    const whole = await server.get('/site/objects/ab/cdef')
    expect(whole).toMatchObject({ status: 200, body: '0123456789' })
    expect(whole.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(whole.headers.get('content-type')).toBe('application/octet-stream')
    const part = await server.get('/site/objects/ab/cdef', { range: 'bytes=2-4' })
    expect(part).toMatchObject({ status: 206, body: '234' })
    expect(part.headers.get('content-range')).toBe('bytes 2-4/10')
    expect((await server.get('/site/objects/ab/cdef', { range: 'bytes=20-' })).status).toBe(416)
    const timestamp = await server.get('/site/trust/timestamp.json')
    expect(timestamp.headers.get('cache-control')).toBe('no-cache')
    const etag = timestamp.headers.get('etag') ?? ''
    // fetch would ask past every cache.
    expect((await raw('/site/trust/timestamp.json', { 'if-none-match': etag })).status).toBe(304)
  })

  it('gives nothing from beside it', async () => {
    await writeFile(join(server.siteDirectory, '../secret'), 'secret')
    await writeFile(join(server.siteDirectory, '.hidden'), 'secret')
    const paths = ['/site/../secret', '/site/..%2fsecret', '/site/%2e%2e/secret', '/site//../secret', '/site/.hidden']
    for (const path of [...paths, '/site/trust', '/site/', '/site/a%00b']) {
      const { status, body } = await raw(path, { host: 'localhost' })
      expect([path, body.includes('secret') && !body.includes('problem')]).toEqual([path, false])
      expect([path, status === 200]).toEqual([path, false])
    }
  })
})

describe('the console', () => {
  it('gets its page for every address that is no file, under a strict policy', async () => {
    for (const path of ['/', '/nodes/abc', '/rollouts/r1?tab=waves', '/diffs/sha256:abc']) {
      const answer = await server.get(path)
      expect([path, answer.status, answer.body]).toEqual([path, 200, '<!doctype html><title>Holotype</title>'])
      expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'self'.*script-src 'self'(;|$)/)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('cache-control')).toBe('no-cache')
    }
    const asset = await server.get('/assets/index-B1f2.js')
    expect(asset.headers.get('cache-control')).toMatch('immutable')
    for (const path of ['/assets/gone.js', '/api/none', '/api/v1/none'])
      expect((await server.get(path)).status).toBe(404)
  })

  it('is not needed', async () => {
    const without = await startTestServer(database, { consoleDirectory: join(tmpdir(), 'holotype-none') })
    expect((await without.get('/')).status).toBe(404)
    expect((await without.get('/healthz')).body).toBe('ok\n')
    await without[Symbol.asyncDispose]()
  })
})

describe('events', () => {
  it('tell of changes, gathered', async () => {
    const abort = new AbortController()
    const response = await fetch(`${server.url}/api/v1/events`, { signal: abort.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const heard: string[] = []
    const listening = (async () => {
      for await (const chunk of response.body ?? [])
        heard.push(...(new TextDecoder().decode(chunk).match(/data: .*/g) ?? []))
    })().catch(() => {})
    const start = performance.now()
    for (const name of ['a', 'b', 'c', 'd']) await server.enrol(name)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(heard.length).toBeGreaterThanOrEqual(1)
    // One at once, then one an interval, however long the enrolments took.
    expect(heard.length).toBeLessThanOrEqual(2 + (performance.now() - start) / EVENT_INTERVAL_MS)
    expect(heard.join()).toContain('"nodes"')
    expect((await server.get('/metrics')).body).toContain('holotype_event_listeners 1')
    abort.abort()
    await listening
    await expect.poll(async () => (await server.get('/metrics')).body).toContain('holotype_event_listeners 0')
  })

  it('do not keep the server from closing', async () => {
    const other = await startTestServer(database)
    const response = await fetch(`${other.url}/api/v1/events`)
    const before = performance.now()
    await other[Symbol.asyncDispose]()
    expect(performance.now() - before).toBeLessThan(30_000)
    await response.text().catch(() => '')
  })
})

describe('large bodies', () => {
  it('are taken where they are meant to be', async () => {
    const body = canonicalJson({
      schema: 'holotype.diff/1',
      from: { image: imageNamed('a'), name: 'a' },
      to: { image: imageNamed('b'), name: 'b' },
      summary: { high: 0 },
      files: 'x'.repeat(8_000_000),
    })
    expect((await server.post('/diffs', { digest: digestOf(body), body })).status).toBe(204)
    const answer = await server.get(`/api/v1/diffs/${digestOf(body)}`)
    expect(JSON.stringify(answer.body).length).toBeGreaterThan(8_000_000)
  })
})
