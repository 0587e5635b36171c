import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeRepository, NOW } from '../testing/repository.ts'
import { runClient } from './client.ts'

/* The command that the public tuf-conformance suite drives, over HTTP. */

let directory: string
let repo: ReturnType<typeof makeRepository>
let server: ReturnType<typeof createServer>
let url: string
const asked: string[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-tuf-'))
  repo = makeRepository()
  writeFileSync(join(directory, 'root.json'), repo.last('root') ?? '')
  asked.length = 0
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const [, folder, name = ''] = /^\/(metadata|targets)\/(.*)$/.exec(request.url ?? '') ?? []
    const path = decodeURIComponent(name)
    const bytes = repo.serve(folder === 'metadata' ? `trust/${path}` : path)
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
})

afterEach(() => {
  server.close()
  server.closeAllConnections()
  rmSync(directory, { recursive: true, force: true })
})

const metadata = () => join(directory, 'metadata')
const targets = () => join(directory, 'targets')
const init = () => runClient(['--metadata-dir', metadata(), 'init', join(directory, 'root.json')], NOW)
const refresh = () => runClient(['--metadata-dir', metadata(), '--metadata-url', `${url}/metadata`, 'refresh'], NOW)
const download = (...names: readonly string[]) =>
  runClient(
    [
      ...['--metadata-dir', metadata(), '--metadata-url', `${url}/metadata/`],
      ...['--target-base-url', `${url}/targets/`, '--target-dir', targets()],
      ...names.flatMap((name) => ['--target-name', name]),
      'download',
    ],
    NOW,
  )

test('init asks for nothing; refresh keeps the top roles under their names', async () => {
  await init()
  expect(asked).toEqual([])
  await refresh()
  expect(readdirSync(metadata()).sort()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json'])
})

test.each(['?', '#', '/delegatedrole', '../delegatedrole', 'r'.repeat(900)])(
  'unusual_role_name[%s]: it is asked for percent-encoded and kept inside the directory',
  async (role) => {
    repo.delegate('targets', role)
    repo.publish(role, 'targets', 'snapshot', 'timestamp')
    await init()
    await expect(download('nonexistent')).rejects.toThrow(/nobody/)
    expect(asked).toContain(`/metadata/1.${encodeURIComponent(role)}.json`)
    expect(readdirSync(metadata())).toHaveLength(5)
    expect(readdirSync(directory).sort()).toEqual(['metadata', 'root.json'])
  },
)

test('artifact_cache: what is there and right is not fetched again; targets stay inside their directory', async () => {
  repo.addTarget('targets', 'a/b', 'contents')
  repo.addTarget('targets', '../b', 'outside')
  repo.publish('targets', 'snapshot', 'timestamp')
  await init()
  await download('a/b')
  await download('a/b')
  expect(asked.filter((path) => path.startsWith('/targets/'))).toHaveLength(1)
  expect(readFileSync(join(targets(), 'a%2Fb'), 'utf8')).toBe('contents')
  await download('../b').catch(() => {})
  expect(readdirSync(directory).sort()).toEqual(['metadata', 'root.json', 'targets'])
})

test('the command ends with 1 and the reason on standard error', async () => {
  const client = join(import.meta.dirname, '../../conformance/tuf-client')
  const initialised = await run([client, '--metadata-dir', metadata(), 'init', join(directory, 'root.json')])
  expect(initialised.code).toBe(0)
  repo.signers.set('timestamp', [])
  repo.publish('timestamp')
  const args = ['--metadata-dir', metadata(), '--metadata-url', `${url}/metadata`, 'refresh']
  const refused = await run([client, ...args], { okCodes: [1] })
  expect(refused.stderr).toMatch(/^METADATA_UNSIGNED: /)
})
