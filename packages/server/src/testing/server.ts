import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeAuthorization } from '@holotype/agent'
import { setDigest, setText } from '@holotype/audit'
import { type Digest, digestOf } from '@holotype/base'
import type { ReviewPolicy } from '@holotype/distribution'
import { z } from 'zod'
import { tokenResponseSchema } from '../api.ts'
import type { ServerOptions } from '../options.ts'
import { startServer } from '../server.ts'
import type { TestDatabase } from './database.ts'

export const OPERATOR_TOKEN = 'correct-horse-battery-staple-0123456789'
/** One approval by anybody but the author. */
export const ONE_APPROVAL: ReviewPolicy = { approvals: 1, roles: {}, selfApproval: false, people: {}, scripts: [] }
/** A Saturday. */
export const START = Date.parse('2026-03-14T12:00:00.000Z')

/** An answer: its status, and its body parsed where it is JSON. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly siteDirectory: string
  /** The server's clock, which stands still until it is moved. */
  readonly clock: { ms: number }
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** As the operator. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  /** Makes a token and enrols a node by it. */
  enrol(name: string, labels?: Record<string, string>): Promise<TestNode>
  token(name: string, labels?: Record<string, string>): Promise<string>
}

export interface TestNode {
  readonly node: string
  readonly key: KeyObject
  /** Sends a signed request; `change` may spoil what goes over the wire. */
  send(
    method: string,
    path: string,
    body: unknown,
    change?: { time?: number; key?: KeyObject; wire?: string; path?: string; authorization?: string },
  ): Promise<Answer>
  checkin(state: Partial<z.input<typeof anyState>>): Promise<Answer>
  putSet(packages: readonly TestPackage[]): Promise<Answer>
  run(report?: Record<string, unknown>): Promise<Answer>
}

const anyState = z.object({
  image: z.string().nullable(),
  statement: z.number(),
  set: z.string().nullable(),
  kernel: z.string(),
  flags: z.array(z.string()),
})

export interface TestPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
}

/** Starts a server on the file's database, emptied. */
export async function startTestServer(
  database: TestDatabase,
  options: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'holotype-test-'))
  const siteDirectory = join(directory, 'site')
  await mkdir(join(siteDirectory, 'trust'), { recursive: true })
  await writeFile(join(siteDirectory, 'trust/1.root.json'), '{"signed":{}}')
  const clock = { ms: START }
  await database.clean()
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    stateDirectory: join(directory, 'state'),
    databaseUrl: database.url,
    operatorToken: OPERATOR_TOKEN,
    distribution: 'acme',
    reviewPolicy: ONE_APPROVAL,
    siteDirectory,
    now: () => clock.ms,
    ...options,
  }).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true })
    throw error
  })
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init)
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
  }
  const post: TestServer['post'] = (path, body, headers) =>
    ask(`/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${OPERATOR_TOKEN}`, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const token = async (name: string, labels: Record<string, string> = {}) => {
    const answer = await post('/tokens', { name, channel: 'stable', labels })
    return tokenResponseSchema.parse(answer.body).token
  }
  const enrol = async (name: string, labels: Record<string, string> = {}): Promise<TestNode> => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    const answer = await post('/nodes/enrol', { token: await token(name, labels), publicKey: spki, hostname: name })
    const { node } = z.object({ node: z.string() }).parse(answer.body)
    return testNode(node, privateKey, { clock, ask })
  }
  return {
    url: server.url,
    siteDirectory,
    clock,
    get: (path, headers = {}) => ask(path, { headers }),
    post,
    token,
    enrol,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

interface Wire {
  readonly clock: { readonly ms: number }
  readonly ask: (path: string, init: RequestInit) => Promise<Answer>
}

function testNode(node: string, key: KeyObject, { clock, ask }: Wire): TestNode {
  const send: TestNode['send'] = (method, path, body, change = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const signed = { method, path: `/api/v1${path}`, body: text }
    const time = change.time ?? Math.floor(clock.ms / 1000)
    const authorization = change.authorization ?? nodeAuthorization(signed, { node, key: change.key ?? key, time })
    return ask(`/api/v1${change.path ?? path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization },
      body: change.wire ?? text,
    })
  }
  return {
    node,
    key,
    send,
    checkin: (state) =>
      send('POST', '/checkin', { image: null, statement: 1, set: null, kernel: '6.1.0', flags: [], ...state }),
    putSet: (packages) => send('PUT', `/sets/${setDigest(packages)}`, setText(packages)),
    run: (report) =>
      send('POST', '/runs', {
        run: randomUUID(),
        outcome: 'converged',
        from: null,
        to: imageNamed('web-1'),
        statement: 1,
        started: new Date(clock.ms).toISOString(),
        milliseconds: 10,
        bytesFetched: 0,
        changed: { written: 0, removed: 0, metadata: 0 },
        repaired: [],
        repairedCount: 0,
        triggers: [],
        ...report,
      }),
  }
}

/** The digest of an image that exists in name alone. */
export function imageNamed(name: string): Digest {
  return digestOf(`image ${name}`)
}

/** `name=version`, all of them amd64. */
export function packages(...list: readonly string[]): TestPackage[] {
  return list.map((text) => {
    const [name = '', version = ''] = text.split('=')
    return { name, version, architecture: 'amd64' }
  })
}
