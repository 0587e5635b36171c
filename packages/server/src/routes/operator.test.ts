import { canonicalJson, type Digest, digestOf } from '@holotype/base'
import { reviewPolicyDigest } from '@holotype/distribution'
import { setDigest } from '@holotype/audit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startTestDatabase, type TestDatabase } from '../testing/database.ts'
import { imageNamed, ONE_APPROVAL, packages, startTestServer, type TestServer } from '../testing/server.ts'

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

const web1 = imageNamed('web-1')
const web2 = imageNamed('web-2')
const web3 = imageNamed('web-3')

/** What starts when an image with one service boots. */
function bootOf(name: string) {
  const unit = { name, file: `/etc/systemd/system/${name}`, level: 0, pulledBy: [], after: [], conditional: false }
  const order = { schema: 'holotype.boot/1', system: 'systemd', goal: name, units: [unit], absent: [], problems: [] }
  return { order, columns: [[name]], lines: [] }
}

function image(digest: Digest, name: string, list = packages('bash=5.2')) {
  return { image: digest, name, files: 10, bytes: 1000, packages: list }
}

function diff(high = 1) {
  const body = canonicalJson({
    schema: 'holotype.diff/1',
    from: { image: web1, name: 'web-1' },
    to: { image: web2, name: 'web-2' },
    summary: { high },
    packages: [{ name: 'nginx', text: 'ä\n"' }],
  })
  return { digest: digestOf(body), body }
}

interface Wave {
  readonly name: string
  readonly open: boolean
  readonly select?: Record<string, string>
  readonly share?: number
}

function statement(number: number, current: Digest, to?: { image: Digest; id: string; waves: readonly Wave[] }) {
  return {
    schema: 'holotype.channel/2',
    channel: 'stable',
    number,
    issued: '2026-03-14T12:00:00Z',
    expires: '2026-04-14T12:00:00Z',
    current: { image: current, packs: [] },
    ...(to
      ? {
          next: { image: to.image, packs: [] },
          rollout: { id: to.id, waves: to.waves.map((wave) => ({ select: {}, share: 10_000, ...wave })) },
        }
      : {}),
    reason: 'patch day',
    actor: 'ana',
    commit: 'c0ffee',
  }
}

const canary = (open: boolean): Wave => ({ name: 'canary', open, select: { role: 'canary' } })
const fleet = (open: boolean): Wave => ({ name: 'fleet', open })

describe('the operator’s token', () => {
  it('is asked for by every write', async () => {
    for (const path of [
      '/tokens',
      '/reviewers',
      '/images',
      '/diffs',
      `/diffs/${web1}/approvals`,
      `/diffs/${web1}/comments`,
      `/diffs/${web1}/reviewed`,
      '/statements',
    ])
      for (const authorization of ['', 'Bearer', `Bearer ${'x'.repeat(40)}`, 'Basic eDp5']) {
        const answer = await server.post(path, {}, { authorization })
        expect(answer).toMatchObject({ status: 401, body: { code: 'LOGIN_REQUIRED' } })
        expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      }
  })
})

describe('images', () => {
  it('are registered once, and never otherwise', async () => {
    expect((await server.post('/images', image(web1, 'web'))).status).toBe(204)
    expect((await server.post('/images', image(web1, 'web'))).status).toBe(204)
    for (const other of [image(web1, 'db'), image(web1, 'web', packages('bash=5.3'))])
      expect(await server.post('/images', other)).toMatchObject({ status: 409, body: { code: 'IMAGE_CONFLICT' } })
    expect((await server.get('/api/v1/images')).body).toEqual([
      { image: web1, name: 'web', registered: '2026-03-14T12:00:00.000Z', packages: 1, files: 10, bytes: 1000 },
    ])
  })

  it('say what starts when they boot, once that is known', async () => {
    const boot = bootOf('web.service')
    const read = (digest: string) => server.get(`/api/v1/images/${digest}/boot`)
    expect(await read(web1)).toMatchObject({ status: 404, body: { code: 'IMAGE_UNKNOWN' } })
    await server.post('/images', image(web1, 'web'))
    expect(await read(web1)).toMatchObject({ status: 200, body: null })
    expect((await server.post('/images', { ...image(web1, 'web'), boot })).status).toBe(204)
    expect((await read(web1)).body).toEqual(boot)
    // The digest stands for one order: what was said first stays, also when it is not said again.
    for (const later of [{}, { boot: bootOf('other.service') }])
      expect((await server.post('/images', { ...image(web1, 'web'), ...later })).status).toBe(204)
    expect((await read(web1)).body).toEqual(boot)
  })

  it('are refused with an order of start that is malformed or without end', async () => {
    const boot = bootOf('web.service')
    const endless = Array.from({ length: 11 }, (_, index) => ({
      ...boot.order.units[0],
      name: `${index}.service`,
      after: Array.from({ length: 2000 }, () => ({ unit: 'web.service', why: 'After' })),
    }))
    for (const wrong of [
      { ...boot, order: { ...boot.order, system: 'upstart' } },
      { ...boot, lines: [['web.service']] },
      { ...boot, order: { ...boot.order, units: endless } },
      'web.service',
    ])
      expect(await server.post('/images', { ...image(web1, 'web'), boot: wrong })).toMatchObject({
        status: 400,
        body: { code: 'REQUEST_INVALID' },
      })
  })

  it('are refused with unknown members or a malformed digest', async () => {
    for (const wrong of [
      { ...image(web1, 'web'), extra: 1 },
      { ...image(web1, 'web'), image: 'sha256:1' },
    ])
      expect(await server.post('/images', wrong)).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } })
  })
})

describe('diffs', () => {
  it('come back as they were registered, with their approvals', async () => {
    const { digest, body } = diff()
    expect(await server.post('/diffs', { digest: web1, body })).toMatchObject({ body: { code: 'DIFF_DIGEST' } })
    const unknown = await server.post(`/diffs/${digest}/approvals`, { actor: 'ana', verdict: 'approved' })
    expect(unknown).toMatchObject({ status: 404, body: { code: 'DIFF_UNKNOWN' } })
    for (let time = 0; time < 2; time++) expect((await server.post('/diffs', { digest, body })).status).toBe(204)
    const approval = {
      diff: digest,
      actor: 'ana',
      verdict: 'approved',
      comment: 'read it',
      time: '2026-03-14T12:00:00.000Z',
    }
    const { diff: _, time: __, ...request } = approval
    const given = { ...approval, policy: reviewPolicyDigest(ONE_APPROVAL), hazards: [], proven: false }
    expect(await server.post(`/diffs/${digest}/approvals`, request)).toMatchObject({ status: 201, body: given })
    expect((await server.get(`/api/v1/diffs/${digest}`)).body).toEqual({
      diff: JSON.parse(body),
      authors: [],
      policy: reviewPolicyDigest(ONE_APPROVAL),
      review: { state: 'approved', words: '1 approval: ana', missing: [] },
      approvals: [{ ...given, evidence: '' }],
      comments: [],
      reviewed: [],
    })
    expect((await server.get('/api/v1/diffs')).body).toMatchObject([
      { diff: digest, fromName: 'web-1', toName: 'web-2', high: 1, approvals: [given], review: { state: 'approved' } },
    ])
  })

  it('that are malformed are refused', async () => {
    for (const body of ['', '{', '[]', '{"schema":"holotype.diff/2"}'])
      expect(await server.post('/diffs', { digest: digestOf(body), body })).toMatchObject({
        status: 400,
        body: { code: 'REQUEST_INVALID' },
      })
  })
})

describe('statements', () => {
  it('only go forward', async () => {
    expect((await server.post('/statements', { statement: statement(5, web1) })).status).toBe(201)
    for (const number of [5, 4])
      expect(await server.post('/statements', { statement: statement(number, web2) })).toMatchObject({
        status: 409,
        body: { code: 'STATEMENT_NOT_HIGHER' },
      })
    expect((await server.get('/api/v1/status')).body).toMatchObject({ channels: [{ statement: 5, current: web1 }] })
  })

  it('of which many come at once leave the highest', async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => server.post('/statements', { statement: statement(index + 1, web1) })),
    )
    expect((await server.get('/api/v1/status')).body).toMatchObject({ channels: [{ statement: 10 }] })
  })

  it('have a next image and a rollout, or neither', async () => {
    const { rollout: _, ...half } = statement(1, web1, { image: web2, id: 'r', waves: [fleet(true)] })
    expect(await server.post('/statements', { statement: half })).toMatchObject({ status: 400 })
    const twice = statement(1, web1, { image: web2, id: 'r', waves: [fleet(true), fleet(false)] })
    expect(await server.post('/statements', { statement: twice })).toMatchObject({ status: 400 })
    expect((await server.get('/api/v1/audit')).body).toEqual([])
  })
})

describe('a rollout', () => {
  const rollout = async () => (await server.get('/api/v1/rollouts/r1')).body
  const begin = async (gate = { soak: 60, success: 10_000 }) => {
    await server.post('/images', image(web1, 'web-1'))
    await server.post('/images', image(web2, 'web-2'))
    await server.post('/statements', { statement: statement(1, web1) })
    const nodes = {
      canary: await server.enrol('canary-1', { role: 'canary' }),
      web: await server.enrol('web-1', { role: 'web' }),
    }
    for (const node of [nodes.canary, nodes.web]) await node.checkin({ image: web1 })
    const waves = [canary(true), fleet(false)]
    await server.post('/statements', {
      statement: statement(2, web1, { image: web2, id: 'r1', waves }),
      gates: { fleet: gate },
      diff: diff().digest,
    })
    return nodes
  }

  it('goes from wave to wave and is done', async () => {
    const nodes = await begin()
    expect(await rollout()).toMatchObject({
      state: 'running',
      fromName: 'web-1',
      toName: 'web-2',
      diff: diff().digest,
      actor: 'ana',
      commit: 'c0ffee',
      statement: 2,
      ended: null,
      waves: [
        {
          name: 'canary',
          open: true,
          opened: '2026-03-14T12:00:00.000Z',
          nodes: 1,
          converged: 0,
          gate: { verdict: 'open' },
        },
        { name: 'fleet', open: false, opened: null, nodes: 1, gate: { verdict: 'waiting', soak: 60, observed: 0 } },
      ],
    })
    server.clock.ms += 5000
    await nodes.canary.checkin({ image: web2, statement: 2 })
    expect(await rollout()).toMatchObject({
      waves: [
        { converged: 1 },
        { gate: { verdict: 'waiting', observed: 10_000, reason: 'soaking: 60 s of 60 s left' } },
      ],
    })
    server.clock.ms += 60_000
    await nodes.canary.checkin({ image: web2, statement: 2 })
    expect(await rollout()).toMatchObject({ waves: [{}, { gate: { verdict: 'passed', soaked: 60 } }] })
    expect((await server.get('/api/v1/status')).body).toMatchObject({
      attention: [{ kind: 'rollout-waiting', severity: 'medium', href: '/rollouts/r1' }],
    })
    const waves = [canary(true), fleet(true)]
    await server.post('/statements', { statement: statement(3, web1, { image: web2, id: 'r1', waves }) })
    expect(await rollout()).toMatchObject({
      waves: [{ opened: '2026-03-14T12:00:00.000Z' }, { opened: '2026-03-14T12:01:05.000Z', gate: { soak: 60 } }],
    })
    await nodes.web.checkin({ image: web2, statement: 3 })
    expect((await server.get('/api/v1/status')).body).toMatchObject({ attention: [{ severity: 'low' }] })
    await server.post('/statements', { statement: statement(4, web2) })
    for (const node of [nodes.canary, nodes.web]) await node.checkin({ image: web3, statement: 9 })
    expect(await rollout()).toMatchObject({
      state: 'done',
      ended: '2026-03-14T12:01:05.000Z',
      waves: [
        { nodes: 1, converged: 1 },
        { nodes: 1, converged: 1 },
      ],
    })
    expect((await server.get('/api/v1/status')).body).toMatchObject({
      channels: [{ channel: 'stable', current: web2, next: null, rollout: { rollout: 'r1', state: 'done' } }],
    })
    const { body } = await server.get('/api/v1/audit')
    expect(body).toMatchObject([
      { action: 'rollout.finish', subject: 'r1', actor: 'ana', reason: 'patch day', commit: 'c0ffee' },
      { action: 'rollout.open-wave', subject: 'r1' },
      { action: 'rollout.start', subject: 'r1' },
      {},
      {},
      {},
      {},
      { action: 'channel.point', subject: 'stable' },
      { action: 'image.register' },
      { action: 'image.register', actor: 'operator', id: 1 },
    ])
  })

  it('that failed says so, and mends with the node', async () => {
    const nodes = await begin()
    await nodes.canary.run({
      to: web2,
      outcome: 'failed',
      error: { code: 'TRIGGER_FAILED', what: 'reload ended with code 1', hint: 'see its output' },
    })
    expect(await rollout()).toMatchObject({ waves: [{ failed: 1 }, { gate: { verdict: 'failed' } }] })
    expect((await server.get('/api/v1/status')).body).toMatchObject({
      attention: [
        { kind: 'node-failed', severity: 'high', detail: 'reload ended with code 1 (TRIGGER_FAILED). See its output.' },
        { kind: 'rollout-failed', severity: 'high', href: '/rollouts/r1' },
      ],
    })
    server.clock.ms += 1000
    await nodes.canary.checkin({ image: web2 })
    await nodes.canary.run({ to: web2 })
    expect(await rollout()).toMatchObject({ waves: [{ failed: 0, converged: 1 }, { gate: { verdict: 'waiting' } }] })
  })

  it('that a node went back from failed there, also when it does well where it is', async () => {
    const nodes = await begin()
    const error = { code: 'AGENT_HEALTH_FAILED', what: 'port tcp/443: nothing listens', hint: 'mend the image' }
    await nodes.canary.run({ run: 'there', from: web1, to: web2, outcome: 'failed', error })
    const started = new Date(server.clock.ms + 1000).toISOString()
    await nodes.canary.run({ run: 'back', from: web2, to: web1, started })
    await nodes.canary.checkin({ image: web1, flags: ['rolled-back'] })
    expect(await rollout()).toMatchObject({ waves: [{ failed: 1, converged: 0 }, { gate: { verdict: 'failed' } }] })
    expect((await server.get('/api/v1/status')).body).toMatchObject({
      attention: [
        {
          kind: 'node-failed',
          title: 'canary-1 went back to its image before',
          detail: 'port tcp/443: nothing listens (AGENT_HEALTH_FAILED). Mend the image.',
        },
        { kind: 'rollout-failed' },
      ],
    })
    await nodes.canary.checkin({ image: web1, flags: [] })
    expect(await rollout()).toMatchObject({ waves: [{ failed: 0 }, { gate: { verdict: 'waiting' } }] })
  })

  it('that the next statement drops is stopped', async () => {
    await begin()
    await server.post('/statements', { statement: statement(3, web1) })
    expect(await rollout()).toMatchObject({ state: 'stopped', waves: [{ nodes: 1, converged: 0 }, {}] })
    const again = statement(4, web1, { image: web2, id: 'r1', waves: [fleet(true)] })
    expect(await server.post('/statements', { statement: again })).toMatchObject({
      status: 409,
      body: { code: 'STATEMENT_CONFLICT' },
    })
    expect((await server.get('/api/v1/status')).body).toMatchObject({ channels: [{ statement: 3 }] })
  })

  it('gives way to another at once', async () => {
    await begin()
    const other = statement(3, web1, { image: web3, id: 'r2', waves: [fleet(true)] })
    expect(await server.post('/statements', { statement: other })).toMatchObject({ body: { rollout: 'r2' } })
    expect((await server.get('/api/v1/rollouts')).body).toMatchObject([
      { rollout: 'r1', state: 'stopped' },
      { rollout: 'r2', state: 'running', toName: web3.slice(7, 19) },
    ])
  })

  it('that is unknown is not found', async () => {
    expect(await server.get('/api/v1/rollouts/none')).toMatchObject({ status: 404, body: { code: 'ROLLOUT_UNKNOWN' } })
  })
})

describe('the attention list', () => {
  it('says in plain words what needs a person', async () => {
    await server.post('/images', image(web1, 'web-1'))
    await server.post('/diffs', diff(2))
    const set = packages('bash=5.2', 'nmap=7.93')
    for (const name of ['web-1', 'web-2']) {
      const node = await server.enrol(name)
      await node.checkin({ image: web1, set: setDigest(set) })
      await node.putSet(set)
    }
    const { body } = await server.get('/api/v1/status')
    expect(body).toMatchObject({
      distribution: 'acme',
      nodes: 2,
      findings: 2,
      attention: [
        {
          kind: 'finding',
          severity: 'high',
          title: 'Unauthorized package on web-1 and web-2: nmap',
          detail: 'nmap 7.93 (amd64) is not part of the image web-1',
        },
        {
          kind: 'approval-needed',
          severity: 'medium',
          title: 'The change from web-1 to web-2 waits for approval',
          detail: '2 of its changes are of high risk. It needs 1 approval.',
          href: `/diffs/${diff(2).digest}`,
        },
      ],
    })
    await server.post(`/diffs/${diff(2).digest}/approvals`, { actor: 'ana', verdict: 'rejected' })
    server.clock.ms += 3600_000
    await server.enrol('web-3')
    expect((await server.get('/api/v1/status')).body).toMatchObject({
      attention: [
        { kind: 'finding' },
        {
          kind: 'node-silent',
          title: 'No word from web-1 and web-2',
          detail: 'They have not checked in for more than 15 min.',
        },
      ],
    })
  })
})

describe('nodes with overrides of their own', () => {
  it('are named on the first page, and their runs name what they keep', async () => {
    const [one, two] = [await server.enrol('web-1'), await server.enrol('web-2')]
    const overrides = [{ glob: '/etc/motd', reason: 'we try another text' }]
    for (const node of [one, two]) await node.checkin({ flags: ['overrides'] })
    expect((await one.run({ run: 'kept', overrides })).status).toBeLessThan(300)
    expect((await server.get('/api/v1/status')).body).toMatchObject({
      attention: [
        {
          kind: 'node-overrides',
          severity: 'low',
          title: 'Local overrides on web-1 and web-2',
          href: '/nodes?q=flag%3Aoverrides',
        },
      ],
    })
    expect((await server.get(`/api/v1/nodes/${one.node}`)).body).toMatchObject({ runs: [{ overrides }] })
    const many = Array.from({ length: 101 }, () => overrides[0])
    expect((await one.run({ run: 'many', overrides: many })).status).toBe(400)
  })
})

describe('a distribution that asks for two approvals', () => {
  it('has a change wait until two people approved it, or one rejects it', async () => {
    await using strict = await startTestServer(database, { reviewPolicy: { ...ONE_APPROVAL, approvals: 2 } })
    const { digest, body } = diff()
    await strict.post('/diffs', { digest, body })
    const say = (actor: string, verdict: string) => strict.post(`/diffs/${digest}/approvals`, { actor, verdict })
    const waits = async () =>
      z.object({ attention: z.array(z.unknown()) }).parse((await strict.get('/api/v1/status')).body).attention.length
    expect(await waits()).toBe(1)
    for (const actor of ['ana', 'ana']) await say(actor, 'approved')
    expect(await waits()).toBe(1)
    expect((await strict.get(`/api/v1/diffs/${digest}`)).body).toMatchObject({
      review: { state: 'open', words: 'needs 1 more approval (ana approved)' },
    })
    await say('bo', 'approved')
    expect(await waits()).toBe(0)
    // The last word of each counts: one who takes it back makes it a rejection, and then one approval too few.
    await say('bo', 'rejected')
    expect(await waits()).toBe(0)
  })
})

describe('the audit log', () => {
  it('cannot be changed, and shows it when it was', async () => {
    for (const name of ['a', 'b', 'c']) await server.token(name)
    await Promise.all(Array.from({ length: 8 }, (_, index) => server.token(`n${index}`)))
    const broken = async () => (await database.query('select audit_broken() as id'))[0]?.['id']
    expect(await broken()).toBeNull()
    for (const attempt of [`update audit set actor = 'eve'`, 'delete from audit', 'truncate audit'])
      await expect(database.query(attempt)).rejects.toThrow('append-only')
    // A superuser who switches the triggers off leaves a chain that no longer holds.
    await database.query('alter table audit disable trigger user')
    try {
      await database.query(`update audit set reason = 'other' where id = 4`)
      expect(Number(await broken())).toBe(4)
      await database.query('delete from audit where id <= 4')
      expect(Number(await broken())).toBe(5)
    } finally {
      await database.query('alter table audit enable trigger user')
    }
  })
})
