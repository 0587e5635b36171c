import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import type { HealthChecks } from '@holotype/image'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { release } from '../held.ts'
import { describeImage, describeRoot } from '../testing/tree-text.ts'
import { makeWorld, type World } from '../testing/world.ts'
import { checkHealth } from './check-health.ts'

const NONE: HealthChecks = { units: [], ports: [], commands: [], http: [], grace: 0 }
const QUICK = { root: '/', roundMs: 10 } as const

async function listen(status: () => number): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer((_request, response) => void response.writeHead(status()).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('health checks', () => {
  test('pass for what is well, and say of each what is not', async () => {
    await using well = await listen(() => 204)
    await using ill = await listen(() => 500)
    const url = (port: number) => `http://127.0.0.1:${port}/health`
    const results = await checkHealth(
      {
        ...NONE,
        ports: [`tcp/${well.port}`, 'tcp/1'],
        commands: [
          { run: ['/bin/true'], timeout: 5 },
          { run: ['/bin/sh', '-c', 'echo no such table; exit 7'], timeout: 5 },
          { run: ['/bin/sleep', '30'], timeout: 1 },
        ],
        http: [well.port, ill.port, 1].map((port) => ({ url: url(port), status: 204, timeout: 5 })),
      },
      QUICK,
    )
    expect(results.filter(({ passed }) => passed).map(({ check }) => check)).toEqual([
      `port tcp/${well.port}`,
      'command /bin/true',
      `http ${url(well.port)}`,
    ])
    expect(results.filter(({ passed }) => !passed)).toMatchObject([
      { check: 'port tcp/1', detail: 'nothing listens' },
      { check: expect.stringContaining('exit 7'), detail: 'exit 7: no such table' },
      { check: 'command /bin/sleep 30', detail: expect.stringContaining('exit 124') },
      { check: `http ${url(ill.port)}`, detail: 'answered 500' },
      { check: `http ${url(1)}`, detail: expect.stringContaining('ECONNREFUSED') },
    ])
  })

  test('give a service its grace time to come up', async () => {
    const start = performance.now()
    await using slow = await listen(() => (performance.now() - start > 300 ? 200 : 503))
    const http = [{ url: `http://127.0.0.1:${slow.port}/`, status: 200, timeout: 5 }]
    expect(await checkHealth({ ...NONE, http, grace: 0 }, QUICK)).toMatchObject([{ passed: false }])
    expect(await checkHealth({ ...NONE, http, grace: 20 }, QUICK)).toMatchObject([{ passed: true }])
  })

  test('are not passed by a service that ends after its start', async () => {
    let asked = 0
    await using brief = await listen(() => (++asked === 1 ? 200 : 500))
    const http = [{ url: `http://127.0.0.1:${brief.port}/`, status: 200, timeout: 5 }]
    expect(await checkHealth({ ...NONE, http }, QUICK)).toMatchObject([{ passed: false, detail: 'answered 500' }])
  })

  test('end a silent server’s answer at its time limit', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const http = [{ url: `http://127.0.0.1:${port}/`, status: 200, timeout: 1 }]
    expect(await checkHealth({ ...NONE, http }, QUICK)).toMatchObject([{ passed: false }])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('a node whose image is ill', () => {
  let world: World
  beforeEach(async () => {
    world = await makeWorld()
    mark('good')
  })
  afterEach(() => world[Symbol.asyncDispose]())

  /** An image that is well when a file outside it says so. */
  const image = (text: string, marks: string) =>
    world.image(
      { 'etc/app': text },
      { health: { ...NONE, http: [{ url: `${world.mirror.url}${marks}`, status: 200, timeout: 5 }] } },
    )
  const mark = (name: string) => writeFileSync(join(world.site, name), 'well')
  const run = (verify = false) => world.run({ roundMs: 5, verify })
  const at = async (wanted: { readonly image: `sha256:${string}` }) =>
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, wanted.image))

  test('goes back by itself, stays there, says why, and tries a newer statement', async () => {
    const good = await image('good', 'good')
    const bad = await image('bad', 'bad')
    // The first image is not checked: nothing runs yet.
    rmSync(join(world.site, 'good'))
    await world.publish(1, good)
    await world.enrol()
    expect((await run()).outcome).toBe('converged')
    mark('good')
    await world.publish(2, bad)
    const outcome = await run()
    expect(outcome).toMatchObject({
      outcome: 'rolled-back',
      image: good.image,
      statement: 2,
      error: { code: 'AGENT_HEALTH_FAILED', message: expect.stringContaining('answered 404') },
    })
    await at(good)
    expect(world.server.checkins.at(-1)?.flags).toEqual(['rolled-back'])
    expect(world.server.reports.slice(1)).toMatchObject([
      { outcome: 'failed', from: good.image, to: bad.image, error: { code: 'AGENT_HEALTH_FAILED' } },
      { outcome: 'converged', from: bad.image, to: good.image, bytesFetched: 0 },
    ])

    // Not tried again; drift is repaired to where it is.
    expect(await run()).toMatchObject({ outcome: 'unchanged', image: good.image })
    expect(world.server.checkins.at(-1)?.flags).toEqual(['rolled-back'])
    rmSync(join(world.root, 'etc/app'))
    expect(await run(true)).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_NO_PREVIOUS' } })

    mark('bad')
    await world.publish(3, bad)
    expect(await run()).toMatchObject({ outcome: 'converged', image: bad.image })
    await at(bad)
    expect(world.server.checkins.at(-1)?.flags).toEqual([])
  })

  test('repairs drift where it went back to from the site while the statement names that image', async () => {
    const good = await image('good', 'good')
    const bad = await image('bad', 'bad')
    await world.publish(1, good)
    await world.enrol()
    await run()
    const wave = { name: 'all', select: {}, share: 10_000, open: true }
    await world.publish(2, good, { next: bad, rollout: { id: 'r1', waves: [wave] } })
    expect((await run()).outcome).toBe('rolled-back')
    rmSync(join(world.root, 'etc/app'))
    expect(await run(true)).toMatchObject({ outcome: 'converged', image: good.image })
    await at(good)
  })

  test('tries again after the operator’s release', async () => {
    const good = await image('good', 'good')
    const bad = await image('bad', 'bad')
    await world.publish(1, good)
    await world.enrol()
    await run()
    await world.publish(2, bad)
    await run()
    release(world.state)
    expect((await run()).outcome).toBe('rolled-back')
    mark('bad')
    release(world.state)
    expect(await run()).toMatchObject({ outcome: 'converged', image: bad.image })
  })

  test('without a way back stays, is checked by every run, and tells it once', async () => {
    const good = await image('good', 'good')
    const bad = await image('bad', 'bad')
    await world.publish(1, good)
    await world.enrol()
    await run()
    await world.publish(2, bad)
    world.mirror.lie = (path) => {
      // While the checks are made, what is kept is lost.
      if (path.endsWith('/bad')) rmSync(join(world.state, 'previous'), { recursive: true, force: true })
      return undefined
    }
    expect(await run()).toMatchObject({ outcome: 'failed', image: bad.image, error: { code: 'AGENT_NO_PREVIOUS' } })
    const reports = world.server.reports.length
    expect(await run()).toMatchObject({ outcome: 'failed', image: bad.image })
    await at(bad)
    expect(world.server.reports.length - reports).toBe(0)
    mark('bad')
    expect(await run()).toMatchObject({ outcome: 'converged', image: bad.image })
    expect((await run()).outcome).toBe('unchanged')
  })

  test('where the image before is ill too, the run fails, and is made good when it is well', async () => {
    const good = await image('good', 'good')
    await world.publish(1, good)
    await world.enrol()
    await run()
    rmSync(join(world.site, 'good'))
    await world.publish(2, await image('bad', 'bad'))
    expect(await run()).toMatchObject({ outcome: 'failed', image: good.image, error: { code: 'AGENT_HEALTH_FAILED' } })
    await at(good)
    expect(world.server.checkins.at(-1)?.flags).toEqual(['failed', 'rolled-back'])
    expect((await run()).outcome).toBe('failed')
    mark('good')
    expect(await run()).toMatchObject({ outcome: 'converged', image: good.image })
    expect((await run()).outcome).toBe('unchanged')
  })

  test('an image that cuts the node off is checked and left without a statement, whenever the run was killed', async () => {
    const good = await image('good', 'good')
    const bad = await image('bad', 'bad')
    await world.publish(1, good)
    await world.enrol()
    await run()
    await world.publish(2, bad)
    // Killed before the checks: as a run at rest leaves it.
    expect(await world.run({ atRest: true })).toMatchObject({ outcome: 'converged', image: bad.image })
    world.mirror.lie = (path) => (path.endsWith('/good') ? undefined : 'error')
    expect(await run()).toMatchObject({ outcome: 'rolled-back', image: good.image })
    await at(good)
    const refused = readFileSync(join(world.state, 'refused.json'))
    // Killed after the decision: the root is at the new image again, and the site away.
    world.mirror.lie = () => undefined
    release(world.state)
    await world.run({ atRest: true })
    writeFileSync(join(world.state, 'refused.json'), refused)
    world.mirror.lie = (path) => (path.endsWith('/good') ? undefined : 'error')
    expect(await run()).toMatchObject({
      outcome: 'failed',
      image: good.image,
      error: { code: 'AGENT_SITE_UNREACHABLE' },
    })
    await at(good)
    const reports = world.server.reports.length
    expect(await run()).toMatchObject({ outcome: 'failed', image: good.image })
    expect(world.server.reports.length).toBe(reports)
  })

  test('a kill while it goes back is made good by the next run', async () => {
    const good = await image('good', 'good')
    const bad = await image('bad', 'bad')
    await world.publish(1, good)
    await world.enrol()
    await run()
    await world.publish(2, bad)
    expect((await run()).outcome).toBe('rolled-back')
    // As a kill leaves it: the decision is on the disk, the root still at the new image.
    const refused = join(world.state, 'refused.json')
    const decided = readFileSync(refused)
    release(world.state)
    mark('bad')
    await run()
    writeFileSync(refused, decided)
    expect(await run()).toMatchObject({ outcome: 'converged', image: good.image })
    await at(good)
    expect(world.server.checkins.at(-1)?.flags).toEqual(['rolled-back'])
  })
})
