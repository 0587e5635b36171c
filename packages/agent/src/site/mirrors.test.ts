import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIRROR_REST_MAX_MS, MIRROR_REST_MS } from '../limits.ts'
import { serveSite } from '../testing/static-site.ts'
import { makeWorld } from '../testing/world.ts'
import { byQuality, openMirrors, tooSlow } from './mirrors.ts'
import { objectPath, openSite } from './site.ts'

let state: string
let time: number
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'holotype-mirrors-'))
  time = 1_000_000
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

const SITES = ['http://one/', 'http://two/site', 'http://three/'] as const
const open = () => openMirrors(SITES, { state, now: () => time })
const order = (mirrors = open()) => byQuality(mirrors).map(({ base }) => base.host)

/** The mirrors by their names, opened anew: what is known of them is what was kept. */
function mirrors() {
  const [one, two, three] = open()
  if (!one || !two || !three) throw new Error('there are three')
  return { one, two, three }
}

test('nothing known: the configured order', () => {
  expect(order()).toEqual(['one', 'two', 'three'])
})

test('the quickest of those measured, after those that still have to be', () => {
  mirrors().one.served(1_000_000, 1000)
  expect(order()).toEqual(['two', 'three', 'one'])
  mirrors().two.served(9_000_000, 1000)
  mirrors().three.served(5_000_000, 1000)
  expect(order()).toEqual(['two', 'three', 'one'])
  // A distance counts as much as a speed.
  const { one, two, three } = mirrors()
  two.answered(2000)
  expect(order([one, two, three])).toEqual(['three', 'one', 'two'])
})

test('a body too short to tell anything is no measurement, one that takes long is', () => {
  mirrors().one.served(1000, 1)
  expect(mirrors().one.rate()).toBeUndefined()
  mirrors().one.served(1000, 2000)
  expect(mirrors().one.rate()).toBe(500)
})

test('a speed counts for an hour, then the mirror is tried again', () => {
  mirrors().one.served(1_000_000, 10_000)
  time += 59 * 60_000
  expect(order()).toEqual(['two', 'three', 'one'])
  time += 2 * 60_000
  expect(order()).toEqual(['one', 'two', 'three'])
})

test('who fails rests, the longer the more often, up to a limit; a success ends it', () => {
  for (
    let failures = 0, rest = MIRROR_REST_MS;
    failures < 12;
    failures++, rest = Math.min(rest * 2, MIRROR_REST_MAX_MS)
  ) {
    mirrors().one.failed()
    mirrors().one.failed()
    expect(order()).toEqual(['two', 'three', 'one'])
    time += rest - 1
    expect(mirrors().one.isResting()).toBe(true)
    time += 1
    expect(mirrors().one.isResting()).toBe(false)
  }
  mirrors().one.failed()
  mirrors().one.succeeded()
  expect(mirrors().one.isResting()).toBe(false)
  // The clock is set back: nobody rests longer than the limit.
  mirrors().one.failed()
  time -= 365 * 86_400_000
  expect(mirrors().one.isResting()).toBe(false)
})

test('a mirror is left when it has less than a quarter of what the best other one had', () => {
  const { one, two, three } = mirrors()
  expect(tooSlow([])).toBeUndefined()
  two.served(4_000_000, 1000)
  three.served(8_000_000, 1000)
  expect(tooSlow([two, three])).toBe(2_000_000)
  expect(tooSlow([one])).toBe(128 * 1024)
})

test.each(['rot', '[]', '{"http://one/":7}', '{"http://one/":{"bytesPerSecond":-1,"restsUntil":"x"}}'])(
  'a damaged file of figures (%s) is as none',
  (text) => {
    writeFileSync(join(state, 'mirrors.json'), text)
    expect(order()).toEqual(['one', 'two', 'three'])
    mirrors().two.failed()
    expect(Object.keys(JSON.parse(readFileSync(join(state, 'mirrors.json'), 'utf8')))).toHaveLength(3)
  },
)

test('a mirror that stays behind keeps no node back, whichever comes first', async () => {
  await using world = await makeWorld()
  await world.publish(1, await world.image({ a: '1' }))
  const past = join(world.directory, 'past')
  cpSync(world.site, past, { recursive: true })
  await using behind = await serveSite(past)
  await world.enrol([behind.url, world.mirror.url])
  await world.run()
  const next = await world.image({ a: '2' })
  await world.publish(2, next)
  expect(await world.run()).toMatchObject({ outcome: 'converged', image: next.image, statement: 2 })
  expect(behind.asked).toContain('/trust/timestamp.json')
  // When only that one answers, it is the past.
  world.mirror.lie = () => 'error'
  expect((await world.run()).error).toMatchObject({ code: 'METADATA_ROLLBACK' })
})

test('a mirror that is busy at first and has no such file then has none', async () => {
  const answers = [503, 404, 503, 404]
  const server = createServer((_request, response) => response.writeHead(answers.shift() ?? 500).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`
  try {
    const site = openSite({ mirrors: openMirrors([url]), idleMs: 1000, retryMs: 1, attempts: 2 })
    expect(await site.file('trust/2.root.json', 10)).toBeUndefined()
    await expect(site.object(digestOf('x'), 10)).rejects.toMatchObject({ code: 'AGENT_OBJECT_MISSING' })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

/** A web server that gives one object, to its end or in a hundred pieces a second. */
async function serveObject(bytes: Buffer, pieceBytes?: number) {
  const ranges: string[] = []
  const server = createServer(async (request, response) => {
    ranges.push(request.headers.range ?? '')
    const from = Number(/^bytes=([0-9]+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = bytes.subarray(from)
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': rest.length,
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    })
    if (pieceBytes === undefined) return void response.end(rest)
    for (let at = 0; at < rest.length && !response.destroyed; at += pieceBytes) {
      response.write(rest.subarray(at, at + pieceBytes))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/`,
    ranges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a slow mirror is left in mid-file, and another one goes on from the byte', async () => {
  const bytes = Buffer.alloc(2_000_000, 'x')
  await using slow = await serveObject(bytes, 1000)
  await using quick = await serveObject(bytes)
  const both = openMirrors([slow.url, quick.url], { state })
  both[1]?.served(10_000_000, 1000)
  const site = openSite({ mirrors: both, idleMs: 10_000 })
  expect(await site.object(digestOf(bytes), bytes.length)).toEqual(bytes)
  expect(slow.ranges).toEqual([''])
  const [from] = quick.ranges.map((range) => Number(/^bytes=([0-9]+)-$/.exec(range)?.[1]))
  expect(from).toBeGreaterThan(10_000)
  expect(from).toBeLessThan(1_000_000)
  expect(site.fetched()).toBe(bytes.length)
  // The next request goes to the other one at once.
  await site.object(digestOf(bytes), bytes.length)
  expect(slow.ranges).toHaveLength(1)
})

test('a body without end: what a statement gives the size of is taken to its last byte and no further', async () => {
  const bytes = Buffer.alloc(1_000_000, 'all of it')
  await using world = await makeWorld()
  const digest = world.store.put(bytes)
  world.mirror.lie = () => 'endless'
  const site = () => openSite({ mirrors: openMirrors([world.mirror.url]), idleMs: 1000, retryMs: 1, attempts: 1 })
  const sized = site()
  expect(await sized.object(digest, { size: bytes.length })).toEqual(bytes)
  // What came with the last byte in one piece was read too.
  expect(sized.fetched()).toBeLessThan(bytes.length + 65_536)
  const other = site()
  await expect(other.object(digestOf('other'), { size: 10 })).rejects.toMatchObject({ code: 'AGENT_OBJECT_MISSING' })
  const wrong = world.store.put(Buffer.from('its bytes'))
  const short = site()
  await expect(short.object(wrong, { size: 3 })).rejects.toMatchObject({ code: 'AGENT_OBJECT_CORRUPT' })
  expect(short.fetched()).toBeLessThan(2 * 65_536 + 10)
  // Without a size it is read to the limit, to find out.
  const limited = site()
  await expect(limited.object(digest, 8_000_000)).rejects.toMatchObject({ code: 'AGENT_OBJECT_CORRUPT' })
  expect(limited.fetched()).toBeGreaterThan(8_000_000)
})

test('a redirect is not followed, and said', async () => {
  let asked = 0
  const elsewhere = createServer((_request, response) => {
    asked++
    response.end('x')
  })
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  const address = elsewhere.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const path = objectPath(digestOf('x'))
  const mirror = createServer((_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${port}/${path}` }).end(),
  )
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve))
  const own = mirror.address()
  const url = `http://127.0.0.1:${typeof own === 'object' && own !== null ? own.port : 0}/`
  try {
    const site = openSite({ mirrors: openMirrors([url]), idleMs: 1000, retryMs: 1 })
    await expect(site.object(digestOf('x'), 10)).rejects.toMatchObject({
      code: 'AGENT_SITE_UNREACHABLE',
      message: expect.stringContaining('answered 302: redirects are not followed'),
    })
    expect(asked).toBe(0)
  } finally {
    for (const server of [elsewhere, mirror]) {
      server.closeAllConnections()
      server.close()
    }
  }
})
