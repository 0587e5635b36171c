import { generateKeyPairSync } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { setDigest, setText } from '@holotype/audit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../testing/database.ts'
import { imageNamed, OPERATOR_TOKEN, packages, START, startTestServer, type TestServer } from '../testing/server.ts'

let database: TestDatabase
let server: TestServer
beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())
beforeEach(async () => {
  server = await startTestServer(database)
})
afterEach(() => server[Symbol.asyncDispose]())

const spki = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
const metric = async (name: string) => {
  const { body } = await server.get('/metrics')
  return new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(String(body))?.[1]
}

describe('enrolment', () => {
  it('gives a token that pins the newest root: an older one names keys that were revoked', async () => {
    const first = digestOf('{"signed":{}}').slice(7)
    expect(await server.token('web-1')).toMatch(new RegExp(`^ht1\\.[A-Za-z0-9_-]{32}\\.1\\.${first}$`))
    for (const version of [9, 10])
      await writeFile(join(server.siteDirectory, `trust/${version}.root.json`), `${version}`)
    for (const other of ['11.root.json.new', '12.targets.json', '013.root.json'])
      await writeFile(join(server.siteDirectory, 'trust', other), other)
    const newest = digestOf('10').slice(7)
    expect(await server.token('web-2')).toMatch(new RegExp(`^ht1\\.[A-Za-z0-9_-]{32}\\.10\\.${newest}$`))
  })

  it('gives no token before the site has a root', async () => {
    await rm(join(server.siteDirectory, 'trust/1.root.json'))
    const answer = await server.post('/tokens', { name: 'web-1', channel: 'stable', labels: {} })
    expect(answer).toMatchObject({ status: 409, body: { code: 'SITE_NOT_READY' } })
  })

  it('makes the node that the token describes, by the whole token or its secret', async () => {
    const labels = { role: 'web' }
    for (const form of [(token: string) => token, (token: string) => token.split('.')[1] ?? '']) {
      const token = form(await server.token('web-1', labels))
      const answer = await server.post(
        '/nodes/enrol',
        { token, publicKey: spki(), hostname: 'h' },
        { authorization: '' },
      )
      expect(answer).toMatchObject({ status: 200, body: { name: 'web-1', channel: 'stable', labels } })
    }
  })

  it('takes a token exactly once, however many try at once', async () => {
    const token = await server.token('web-1')
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => server.post('/nodes/enrol', { token, publicKey: spki(), hostname: 'h' })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, body } of answers)
      if (status !== 200) expect({ status, body }).toMatchObject({ status: 403, body: { code: 'TOKEN_REFUSED' } })
    expect((await server.get('/api/v1/nodes')).body).toHaveLength(1)
  })

  it('answers the same key again as before, so that a lost answer loses nothing', async () => {
    const request = { token: await server.token('web-1'), publicKey: spki(), hostname: 'h' }
    const answers = await Promise.all([1, 2, 3].map(() => server.post('/nodes/enrol', request)))
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: answers[0]?.body })
    expect((await server.get('/api/v1/nodes')).body).toHaveLength(1)
  })

  it('refuses a token that is wrong, malformed or expired', async () => {
    const token = await server.token('web-1')
    const enrol = (changed: string) => server.post('/nodes/enrol', { token: changed, publicKey: spki(), hostname: 'h' })
    for (const wrong of ['x'.repeat(32), 'ht1.short.000000000', token.replace('ht1.', 'ht1.A')])
      expect(await enrol(wrong)).toMatchObject({ status: 403, body: { code: 'TOKEN_REFUSED' } })
    server.clock.ms += 3600_000
    expect(await enrol(token)).toMatchObject({ status: 403, body: { code: 'TOKEN_REFUSED' } })
  })

  it('refuses one key for two nodes and keeps the second token good', async () => {
    const publicKey = spki()
    await server.post('/nodes/enrol', { token: await server.token('a'), publicKey, hostname: 'h' })
    const token = await server.token('b')
    const again = await server.post('/nodes/enrol', { token, publicKey, hostname: 'h' })
    expect(again).toMatchObject({ status: 409, body: { code: 'NODE_ENROLLED' } })
    expect((await server.post('/nodes/enrol', { token, publicKey: spki(), hostname: 'h' })).status).toBe(200)
  })

  it('takes Ed25519 keys alone', async () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' })
    for (const publicKey of [p256.toString('base64'), '', 'no key'])
      expect(
        await server.post('/nodes/enrol', { token: await server.token('a'), publicKey, hostname: 'h' }),
      ).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } })
  })
})

describe('a node’s signature', () => {
  const state = { image: null, statement: 1, set: null, kernel: '6.1.0', flags: [] }

  it('is asked for by every request of a node', async () => {
    for (const [method, path] of [
      ['POST', '/checkin'],
      ['POST', '/runs'],
      ['PUT', `/sets/${digestOf('')}`],
    ] as const)
      for (const authorization of ['', `Bearer ${OPERATOR_TOKEN}`, 'Holotype-Node node="x"', 'x'.repeat(10_000)]) {
        const response = await fetch(`${server.url}/api/v1${path}`, { method, headers: { authorization }, body: '{}' })
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Holotype-Node')
      }
  })

  it('covers method, path, body and time, by the node’s own key', async () => {
    const node = await server.enrol('web-1')
    const other = generateKeyPairSync('ed25519').privateKey
    const now = Math.floor(START / 1000)
    const spoilt = [
      { key: other },
      { wire: JSON.stringify({ ...state, kernel: 'evil' }) },
      { path: '/runs' },
      { path: '/checkin?x=1' },
    ]
    for (const change of spoilt)
      expect(await node.send('POST', '/checkin', state, change)).toMatchObject({
        status: 401,
        body: { code: 'NODE_SIGNATURE' },
      })
    for (const time of [now - 301, now + 301])
      expect(await node.send('POST', '/checkin', state, { time })).toMatchObject({
        status: 401,
        body: { code: 'NODE_CLOCK' },
      })
    for (const time of [now - 300, now + 300, now])
      expect((await node.send('POST', '/checkin', state, { time })).status).toBe(200)
  })

  it('of an unknown node is refused like a wrong one', async () => {
    const node = await server.enrol('web-1')
    const authorization = `Holotype-Node node="${crypto.randomUUID()}", time="${Math.floor(START / 1000)}", signature="${'A'.repeat(86)}=="`
    expect(await node.send('POST', '/checkin', state, { authorization })).toMatchObject({
      status: 401,
      body: { code: 'NODE_SIGNATURE' },
    })
  })

  it('is judged before the body is read', async () => {
    // A server that reads the body first would answer 413 or wait for the rest.
    const response = await fetch(`${server.url}/api/v1/checkin`, { method: 'POST', body: 'x'.repeat(1_000_000) })
    expect(response.status).toBe(401)
  })
})

describe('check-in', () => {
  const web1 = imageNamed('web-1')
  const baseline = packages('bash=5.2', 'nginx=1.24')

  it('stores the state and asks for a set it does not know', async () => {
    const node = await server.enrol('web-1')
    const set = setDigest(baseline)
    expect(await node.checkin({ image: web1, set, flags: ['held'] })).toMatchObject({ body: { answer: 'send-set' } })
    expect((await node.putSet(baseline)).status).toBe(204)
    expect(await node.checkin({ image: web1, set, flags: ['held'] })).toMatchObject({ body: { answer: 'same' } })
    expect((await server.get('/api/v1/nodes')).body).toMatchObject([
      { node: node.node, name: 'web-1', image: web1, flags: ['held'], kernel: '6.1.0', statement: 1, findings: 0 },
    ])
  })

  it('judges a set once, however many nodes have it, and finds what is unauthorized', async () => {
    await server.post('/images', { image: web1, name: 'web', files: 1, bytes: 1, packages: baseline })
    const set = [...baseline, ...packages('nmap=7.93')]
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => server.enrol(name)))
    for (const node of nodes) {
      const answer = await node.checkin({ image: web1, set: setDigest(set) })
      if (node === nodes[0]) await node.putSet(set)
      else expect(answer).toMatchObject({ body: { answer: 'same' } })
    }
    expect(await metric('holotype_sets_stored_total')).toBe('1')
    expect(await metric('holotype_findings_computed_total')).toBe('1')
    expect((await server.get('/api/v1/nodes/b')).body).toMatchObject({
      findings: 1,
      findingList: [{ kind: 'unauthorized-package', package: 'nmap', architecture: 'amd64', installed: '7.93' }],
    })
    expect((await server.get('/api/v1/status')).body).toMatchObject({ findings: 3 })
  })

  it('judges what was reported before the image was known', async () => {
    const node = await server.enrol('web-1')
    await node.checkin({ image: web1, set: setDigest(packages('bash=5.1')) })
    await node.putSet(packages('bash=5.1'))
    await server.post('/images', { image: web1, name: 'web', files: 1, bytes: 1, packages: packages('bash=5.2') })
    expect((await server.get(`/api/v1/nodes/${node.node}`)).body).toMatchObject({
      findingList: [{ kind: 'wrong-version', installed: '5.1', expected: '5.2' }],
    })
  })

  it('that is replayed after a newer one changes nothing', async () => {
    const node = await server.enrol('web-1')
    const old = { image: web1, statement: 1, set: null, kernel: '6.1.0', flags: [] }
    const time = Math.floor(START / 1000)
    await node.send('POST', '/checkin', old, { time })
    server.clock.ms += 60_000
    const web2 = imageNamed('web-2')
    await node.checkin({ image: web2, statement: 2 })
    expect((await node.send('POST', '/checkin', old, { time })).status).toBe(200)
    expect((await server.get('/api/v1/nodes')).body).toMatchObject([{ image: web2, statement: 2 }])
  })

  it('is bounded', async () => {
    const node = await server.enrol('web-1')
    expect(await node.checkin({ kernel: 'x'.repeat(5000) })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    })
    for (const wrong of [
      { kernel: 'x'.repeat(300) },
      { flags: Array.from({ length: 17 }, () => 'held') },
      { statement: -1 },
      { image: 'web' },
      { kernel: '\u0000' },
    ])
      expect(await node.checkin(wrong)).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } })
    expect(await node.send('POST', '/checkin', '{"image":')).toMatchObject({ body: { code: 'REQUEST_INVALID' } })
  })
})

describe('a set', () => {
  it('must have the digest of its address and canonical form', async () => {
    const node = await server.enrol('web-1')
    const set = packages('a=1', 'b=1')
    const put = (text: string, digest = digestOf(text)) => node.send('PUT', `/sets/${digest}`, text)
    expect(await put(setText(set), digestOf('other'))).toMatchObject({ status: 400, body: { code: 'SET_DIGEST' } })
    for (const other of [
      JSON.stringify(set),
      `${setText(set)}\n`,
      `\ufeff${setText(set)}`,
      setText(set).replace('"a"', '"\\u0061"'),
      setText(set).replace('[', '[ '),
      `[${setText(packages('b=1')).slice(1, -1)},${setText(packages('a=1')).slice(1, -1)}]`,
    ])
      expect(await put(other)).toMatchObject({ status: 400, body: { code: 'SET_NOT_CANONICAL' } })
    for (const other of ['[', '{}', '[{"name":"a"}]', 'null', ''])
      expect(await put(other)).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } })
    expect((await put(setText(set))).status).toBe(204)
    expect((await put(setText(set))).status).toBe(204)
  })

  it('is bounded', async () => {
    const node = await server.enrol('web-1')
    const many = Array.from({ length: 20_001 }, (_, index) => ({ name: `${index}`, version: '1', architecture: 'a' }))
    expect((await node.putSet(many)).body).toMatchObject({ code: 'REQUEST_INVALID' })
    expect((await node.putSet(many.slice(0, 20_000))).status).toBe(204)
    const large = Array.from({ length: 17_000 }, (_, index) => ({
      name: `${index}`.padEnd(250, 'x'),
      version: '1',
      architecture: 'a',
    }))
    expect((await node.putSet(large)).status).toBe(413)
  })
})

describe('a run', () => {
  it('is stored once, however often it is reported', async () => {
    const node = await server.enrol('web-1')
    for (let time = 0; time < 3; time++) expect((await node.run({ run: 'r1', milliseconds: 7 })).status).toBe(204)
    expect(await node.run({ run: 'r1', milliseconds: 8 })).toMatchObject({
      status: 409,
      body: { code: 'RUN_CONFLICT' },
    })
    expect((await server.get('/api/v1/nodes/web-1')).body).toMatchObject({ runs: [{ run: 'r1', milliseconds: 7 }] })
    expect(await metric('holotype_runs_total')).toBe('1')
  })

  it('of two the one that started last tells how the node stands', async () => {
    const node = await server.enrol('web-1')
    await node.checkin({})
    const at = (seconds: number) => new Date(START + seconds * 1000).toISOString()
    await node.run({ run: 'new', outcome: 'failed', started: at(10) })
    await node.run({ run: 'old', outcome: 'converged', started: at(0) })
    expect((await server.get('/api/v1/nodes/web-1')).body).toMatchObject({
      lastOutcome: 'failed',
      runs: [{ run: 'new' }, { run: 'old' }],
    })
  })

  it('keeps what triggers print, without control characters and secrets', async () => {
    const node = await server.enrol('web-1')
    const output = 'ok\u0000\u001b[31m \ud800 password=hunter2'
    const triggers = [{ name: 'reload', exit: 0, milliseconds: 1, output }]
    expect((await node.run({ triggers })).status).toBe(204)
    expect((await server.get('/api/v1/nodes/web-1')).body).toMatchObject({
      runs: [{ triggers: [{ output: 'ok\ufffd\ufffd[31m \ufffd password=…' }] }],
    })
  })

  it('is bounded, and so is how many are kept', async () => {
    const node = await server.enrol('web-1')
    expect((await node.run({ repaired: Array.from({ length: 101 }, () => '/a') })).status).toBe(400)
    expect((await node.run({ error: { code: 'X', what: 'x'.repeat(2_000_000), hint: '' } })).status).toBe(413)
    for (let index = 0; index < 205; index++)
      await node.run({ run: `${index}`, started: new Date(START + index).toISOString() })
    const { body } = await server.get('/api/v1/nodes/web-1')
    expect(body).toMatchObject({ runs: { length: 50, 0: { run: '204' } } })
  })
})
