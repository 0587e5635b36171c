import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeAuthorization } from '@holotype/agent'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { lives, type ServerProcess, startProcess } from './testing/process.ts'
import { OPERATOR_TOKEN } from './testing/server.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holotype-test-'))
  // The database's account must be able to enter.
  await chmod(directory, 0o755)
  await mkdir(join(directory, 'site/trust'), { recursive: true })
  await writeFile(join(directory, 'site/trust/1.root.json'), '{}')
})
afterEach(async () => {
  for (const { child } of started.splice(0))
    if (child.exitCode === null && child.signalCode === null) await endOf(child)
  await rm(directory, { recursive: true, force: true })
})

const started: ServerProcess[] = []
async function start(): Promise<ServerProcess> {
  const server = await startProcess(directory)
  started.push(server)
  return server
}

async function endOf(child: ServerProcess['child']): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

const { publicKey, privateKey } = generateKeyPairSync('ed25519')

async function post(url: string, path: string, body: unknown, authorization: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization }
  const response = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return await response.json()
}

async function enrol({ url }: ServerProcess, name: string): Promise<string> {
  const made = await post(url, '/tokens', { name, channel: 'stable', labels: {} }, `Bearer ${OPERATOR_TOKEN}`)
  const { token } = z.object({ token: z.string() }).parse(made)
  const key = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  const node = await post(url, '/nodes/enrol', { token, publicKey: key, hostname: name }, '')
  return z.object({ node: z.string() }).parse(node).node
}

async function checkin({ url }: ServerProcess, node: string, statement: number): Promise<void> {
  const body = { image: null, statement, set: null, kernel: '6.1.0', flags: [] }
  const signed = { method: 'POST', path: '/api/v1/checkin', body: JSON.stringify(body) }
  const time = Math.floor(Date.now() / 1000)
  await post(url, '/checkin', body, nodeAuthorization(signed, { node, key: privateKey, time }))
}

async function statementOf({ url }: ServerProcess, node: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/nodes/${node}`)
  return z.object({ statement: z.number() }).parse(await response.json()).statement
}

it('every acknowledged check-in is there after server and database were killed', async () => {
  let server = await start()
  const node = await enrol(server, 'web-1')
  let acknowledged = 0
  let killed: Promise<void> | undefined
  for (let statement = 1; ; statement++) {
    try {
      await checkin(server, node, statement)
      acknowledged = statement
    } catch {
      break
    }
    // While the next ones are under way.
    if (acknowledged === 40) killed = server.kill('server and database')
  }
  await killed
  expect(acknowledged).toBeGreaterThanOrEqual(40)
  server = await start()
  // One more may have been stored without its answer getting through.
  expect([acknowledged, acknowledged + 1]).toContain(await statementOf(server, node))
  await server.kill('server')
  await expect.poll(() => lives(server.postmaster), { timeout: 10_000 }).toBe(false)
})

it('a second server on one state directory is refused, and the first goes on', async () => {
  const server = await start()
  await expect(startProcess(directory)).rejects.toThrow('DATABASE_IN_USE')
  await enrol(server, 'web-1')
  await endOf(server.child)
  expect(await lives(server.postmaster)).toBe(false)
})
