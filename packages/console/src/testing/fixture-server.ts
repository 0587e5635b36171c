import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { consoleFolder, consolePolicy } from '../index.ts'
import type { Changed } from '@holotype/server/api'
import { type FixtureWorld, fixtureWorld, SCENARIOS, type Scenario } from './fixture-data.ts'

/**
 * A fixture: serves the built console and made-up answers for every route it reads. Not a server of Holotype; for looking at the console and for its tests.
 *
 * `node src/testing/fixture-server.ts [SCENARIO] [PORT]`
 */
export interface FixtureServer extends AsyncDisposable {
  readonly address: string
  /** Changes the state of the world and tells every listening page. */
  readonly turnTo: (scenario: Scenario) => void
  /** Makes every API route but the event stream fail, with a problem document or by hanging up. */
  readonly breakWith: (how: 'problem' | 'hang-up' | undefined) => void
  /** Ends the event streams and refuses new ones. */
  readonly refuseEvents: (refuse: boolean) => void
}

interface FixtureOptions {
  readonly folder?: string
  readonly scenario?: Scenario
  readonly port?: number
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Starts it on a loopback port; `port` 0 takes a free one. */
export async function startFixtureServer(options: FixtureOptions = {}): Promise<FixtureServer> {
  const folder = options.folder ?? consoleFolder
  let world = fixtureWorld(options.scenario ?? 'acme', Date.now())
  let broken: 'problem' | 'hang-up' | undefined
  let refused = false
  const streams = new Set<ServerResponse>()

  const api = (path: string, response: ServerResponse): void => {
    if (path === 'events') {
      if (refused) return problem(response, 503, 'SERVER_BUSY')
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(': hello\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return
    }
    if (broken === 'hang-up') return void response.destroy()
    if (broken === 'problem') return problem(response, 500, 'SERVER_DATABASE_GONE')
    const body = answer(world, path)
    if (body === undefined) return problem(response, 404, 'SERVER_NOT_FOUND')
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://fixture').pathname
    if (path.startsWith('/api/v1/')) api(decodeURIComponent(path.slice('/api/v1/'.length)), response)
    else void file(folder, path, response)
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the fixture server has no port')

  const tick = (): void => {
    const changed: Changed = { topics: ['nodes', 'findings', 'images', 'diffs', 'rollouts', 'audit'] }
    for (const stream of streams) stream.write(`data: ${JSON.stringify(changed)}\n\n`)
  }
  return {
    address: `http://127.0.0.1:${address.port}`,
    turnTo: (scenario) => {
      world = fixtureWorld(scenario, Date.now())
      tick()
    },
    breakWith: (how) => {
      broken = how
      tick()
    },
    refuseEvents: (refuse) => {
      refused = refuse
      if (refuse) for (const stream of streams) stream.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(world: FixtureWorld, path: string): unknown {
  const [collection, id] = path.split('/')
  switch (collection) {
    case 'status':
      return world.status
    case 'nodes':
      return id === undefined ? world.nodes : world.nodeDetails.get(id)
    case 'rollouts':
      return id === undefined ? world.rollouts : world.rollouts.find((rollout) => rollout.rollout === id)
    case 'images':
      return id === undefined ? world.images : world.boots.get(id)
    case 'diffs':
      return id === undefined ? world.diffs : world.diffDocuments.get(id)
    case 'audit':
      return world.audit
    default:
      return undefined
  }
}

function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(
    JSON.stringify({
      type: 'about:blank',
      title: status === 404 ? 'There is no such thing' : 'The database does not answer',
      status,
      detail: status === 404 ? 'Nothing has this name.' : 'No connection was free within 5 s.',
      code,
      hint: status === 404 ? 'Look it up in its list.' : 'Look at the log of the database.',
      request: 'req-7f3a',
    }),
  )
}

async function file(folder: string, path: string, response: ServerResponse): Promise<void> {
  const name = extname(path) === '' ? 'index.html' : normalize(path)
  try {
    const bytes = await readFile(join(folder, name))
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': consolePolicy,
      'x-content-type-options': 'nosniff',
    })
    response.end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}

if (import.meta.main) {
  const [, , name, port] = process.argv
  const scenario = SCENARIOS.find((each) => each === name) ?? 'acme'
  const server = await startFixtureServer({ scenario, port: Number(port ?? 0) })
  process.stdout.write(`fixture ${scenario} at ${server.address}\n`)
}
