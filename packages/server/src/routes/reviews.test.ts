import { canonicalJson, digestOf } from '@holotype/base'
import type { ReviewPolicy } from '@holotype/distribution'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { diffDetailSchema } from '../api.ts'
import { startTestDatabase, type TestDatabase } from '../testing/database.ts'
import { imageNamed, packages, startTestServer, type TestServer } from '../testing/server.ts'

const policy: ReviewPolicy = {
  approvals: 1,
  roles: { security: 1 },
  selfApproval: false,
  people: { anna: ['security'], bo: [] },
  scripts: [],
}
const [web1, web2] = [imageNamed('web-1'), imageNamed('web-2')]
const body = canonicalJson({
  schema: 'holotype.diff/1',
  from: { image: web1, name: 'web-1' },
  to: { image: web2, name: 'web-2' },
  summary: { high: 1 },
  hazards: [{ id: 'libc-collation' }],
  packages: [],
})
const diff = digestOf(body)

let database: TestDatabase
let server: TestServer
beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())
beforeEach(async () => {
  server = await startTestServer(database, { reviewPolicy: policy })
  for (const image of [web1, web2])
    await server.post('/images', { image, name: 'web', files: 1, bytes: 1, packages: packages('a=1') })
  await server.post('/diffs', { digest: diff, body, authors: ['bo'] })
})
afterEach(() => server[Symbol.asyncDispose]())

const detail = async () => diffDetailSchema.parse((await server.get(`/api/v1/diffs/${diff}`)).body)
const tokenOf = async (actor: string, more = {}) => {
  const { token } = z.object({ token: z.string() }).parse((await server.post('/reviewers', { actor, ...more })).body)
  return { authorization: `Bearer ${token}` }
}
const approve = (more: object, headers?: Record<string, string>) =>
  server.post(`/diffs/${diff}/approvals`, { verdict: 'approved', hazards: ['libc-collation'], ...more }, headers)

it('a person’s own token says who they are and proves their role', async () => {
  await approve({ actor: 'anna' })
  expect((await detail()).review.words).toBe(
    'needs 1 from security, 1 from somebody other than its author, with a token of their own (anna approved)',
  )
  const anna = await tokenOf('anna')
  expect(await approve({ actor: 'bo' }, anna)).toMatchObject({ status: 409, body: { code: 'ACTOR_OTHER' } })
  expect(await approve({}, anna)).toMatchObject({ status: 201, body: { actor: 'anna', proven: true } })
  expect((await detail()).review).toEqual({ state: 'approved', words: '1 approval: anna', missing: [] })
})

it('a reviewer’s token opens reviews and nothing else, until it expires', async () => {
  const anna = await tokenOf('anna', { validFor: 60 })
  for (const path of ['/tokens', '/reviewers', '/images', '/diffs', '/statements'])
    expect(await server.post(path, {}, anna)).toMatchObject({ status: 401, body: { code: 'LOGIN_REQUIRED' } })
  expect((await server.get('/api/v1/diffs', anna)).status).toBe(200)
  server.clock.ms += 61_000
  expect((await approve({}, anna)).status).toBe(401)
  expect((await server.get('/api/v1/diffs', anna)).status).toBe(401)
})

it('an approval names each hazard that nobody has named', async () => {
  expect(await approve({ actor: 'anna', hazards: [] })).toMatchObject({
    status: 409,
    body: { code: 'HAZARD_UNNAMED', detail: 'nobody has named libc-collation' },
  })
  expect(await approve({ actor: 'anna', hazards: ['libc-collation', 'x'] })).toMatchObject({
    body: { code: 'HAZARD_UNKNOWN' },
  })
  expect((await approve({ actor: 'anna' })).status).toBe(201)
  expect((await approve({ actor: 'bo', hazards: [] })).status).toBe(201)
  const rejection = { actor: 'cy', verdict: 'rejected', hazards: [] }
  expect((await server.post(`/diffs/${diff}/approvals`, rejection)).status).toBe(201)
})

it('the author does not approve alone, and a second one who made the same is an author too', async () => {
  const alone = { ...policy, roles: {} }
  await using other = await startTestServer(database, { reviewPolicy: alone })
  for (const image of [web1, web2])
    await other.post('/images', { image, name: 'web', files: 1, bytes: 1, packages: packages('a=1') })
  for (const author of ['bo', 'anna']) await other.post('/diffs', { digest: diff, body, authors: [author] })
  const words = async () => diffDetailSchema.parse((await other.get(`/api/v1/diffs/${diff}`)).body).review.words
  const say = async (actor: string) => {
    const { token } = z.object({ token: z.string() }).parse((await other.post('/reviewers', { actor })).body)
    const word = { verdict: 'approved', hazards: ['libc-collation'] }
    await other.post(`/diffs/${diff}/approvals`, word, { authorization: `Bearer ${token}` })
  }
  await say('bo')
  await say('anna')
  expect(await words()).toBe(
    'needs 1 from somebody other than its authors, with a token of their own (bo, anna approved)',
  )
  await say('cy')
  expect(await words()).toBe('3 approvals: bo, anna, cy')
})

it('keeps comments and ticks by item', async () => {
  const anna = await tokenOf('anna')
  await server.post(`/diffs/${diff}/comments`, { item: 'package:openssl', text: 'read it' }, anna)
  await server.post(`/diffs/${diff}/comments`, { item: '', text: 'all fine', actor: 'bo' })
  const ticks = (items: string[], reviewed: boolean) =>
    server.post(`/diffs/${diff}/reviewed`, { items, reviewed }, anna)
  expect((await ticks(['file:/etc/passwd', 'package:openssl', 'package:openssl'], true)).status).toBe(204)
  await ticks(['file:/etc/passwd'], true)
  await ticks(['package:openssl'], false)
  const { comments, reviewed } = await detail()
  expect(comments).toMatchObject([
    { item: 'package:openssl', actor: 'anna', text: 'read it' },
    { item: '', actor: 'bo', text: 'all fine' },
  ])
  expect(reviewed).toMatchObject([{ item: 'file:/etc/passwd', actor: 'anna' }])
  const wrong = { item: 'openssl', text: 'x' }
  expect((await server.post(`/diffs/${diff}/comments`, wrong, anna)).status).toBe(400)
})

it('keeps what a script has seen, and leaves a record of each decision', async () => {
  await approve({ evidence: '{"units":"up"}' }, await tokenOf('boot-check'))
  expect((await detail()).approvals).toMatchObject([{ actor: 'boot-check', evidence: '{"units":"up"}' }])
  const { body: log } = await server.get('/api/v1/audit')
  expect(log).toMatchObject([
    { action: 'diff.approve', actor: 'boot-check', reason: 'names the hazard libc-collation' },
    { action: 'reviewer.token', actor: 'operator', subject: 'boot-check' },
    {},
    {},
    {},
  ])
})
