import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { oversized, tampered, truncated } from '../../packages/repository/src/testing/server.ts'
import { NOW, THEN, makeUpstream } from '../../packages/repository/src/testing/upstream.ts'
import { halfWritten, makePlace, PACKAGES, type Place } from './place.ts'

/* What an upstream may do wrong, seen through `holotype image lock`. After each fault the same command works. */

const TOP = '/dists/trixie/InRelease'
const LIBRARY = '/pool/main/l/lib/lib_1.0_amd64.deb'

let place: Place
let lock = ''
beforeAll(async () => {
  place = await makePlace()
  lock = join(place.distribution, 'images/web.lock')
})
afterAll(() => place[Symbol.asyncDispose]())
beforeEach(() => {
  rmSync(lock, { force: true })
  rmSync(place.home, { recursive: true, force: true })
  place.server.answers.clear()
  place.sources()
})

const served = (path: string) => readFileSync(join(place.archive.base, path))
const lie = (path: string, answer: NonNullable<ReturnType<Place['server']['answers']['get']>>) =>
  place.server.answers.set(path, answer)

/** The index under each of its names: every form, by path and by hash. */
function indexPaths(): string[] {
  const top = served(TOP).toString()
  const sums = [...top.matchAll(/^ ([0-9a-f]{64})\s+\d+\s+(\S*Packages\S*)$/gm)]
  return sums.flatMap(([, sum = '', path = '']) => [
    `/dists/trixie/${path}`,
    `/dists/trixie/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${sum}`,
  ])
}

async function fails(code: string, exitCode: number) {
  const failure = await place.failure(['image', 'lock', 'web'])
  expect(failure).toMatchObject({ code, exitCode })
  expect(existsSync(lock)).toBe(false)
  expect(halfWritten(place.directory)).toEqual([])
  return failure
}

async function works() {
  place.server.answers.clear()
  place.sources()
  expect(await place.result(['image', 'lock', 'web'])).toMatchObject({ packages: 2 })
  expect(existsSync(lock)).toBe(true)
}

describe('the signed top', () => {
  test('signed by a stranger', async () => {
    const stranger = await makeUpstream(join(place.directory, 'stranger'))
    place.sources({ key: stranger.key })
    expect((await fails('UPSTREAM_SIGNATURE', 5)).what).toContain(TOP)
    const { code, stderr } = await place.holotype(['image', 'lock', 'web'])
    expect(code).toBe(5)
    expect(stderr).toMatch(
      /error: the signature of \S+InRelease is not good: .+\nhint: .+\ncode: UPSTREAM_SIGNATURE\n$/,
    )
    await works()
  })

  test('changed after it was signed', async () => {
    const changed = served(TOP).toString().replace('Label: Debian', 'Label: Debiam')
    lie(TOP, (_, response) => response.end(changed))
    await fails('UPSTREAM_SIGNATURE', 5)
  })

  test('not signed at all', async () => {
    lie(TOP, (_, response) => response.end('Origin: Debian\nSuite: trixie\n'))
    await fails('UPSTREAM_SIGNATURE', 5)
  })

  test('expired', async () => {
    await place.archive.publish(PACKAGES, { validUntil: THEN + 3600 })
    const { what } = await fails('UPSTREAM_EXPIRED', 5)
    await place.archive.publish(PACKAGES)
    expect(what).toContain(new Date(NOW).toISOString().slice(0, 13))
    await works()
  })

  test('of another suite', async () => {
    const other = await makeUpstream(join(place.directory, 'other'))
    await other.publish(PACKAGES, { suite: 'sid' })
    place.sources({ key: other.key })
    lie(TOP, (_, response) => response.end(readFileSync(join(other.base, 'dists/sid/InRelease'))))
    await fails('UPSTREAM_MISMATCH', 5)
  })

  test('more of it than anyone asked for', async () => {
    lie(TOP, (_, response) => {
      response.writeHead(200, { 'content-length': 1_000_000_000 })
      response.write('x')
    })
    await fails('UPSTREAM_MISMATCH', 5)
  })
})

describe('the index', () => {
  test('cut short', async () => {
    for (const path of indexPaths())
      lie(path, truncated(existsSync(join(place.archive.base, path)) ? served(path) : Buffer.alloc(0)))
    await fails('UPSTREAM_UNREACHABLE', 6)
    await works()
  })

  test('other bytes than are signed', async () => {
    for (const path of indexPaths()) lie(path, (_, response) => response.end(gzipSync('Package: web\n')))
    await fails('UPSTREAM_MISMATCH', 5)
    await works()
  })

  test('not there', async () => {
    for (const path of indexPaths()) lie(path, (_, response) => response.writeHead(404).end())
    await fails('UPSTREAM_UNREACHABLE', 6)
  })
})

describe('a package file', () => {
  test('cut short', async () => {
    lie(LIBRARY, truncated(served(LIBRARY)))
    expect((await fails('FETCH_TRUNCATED', 6)).what).toContain(LIBRARY)
    await works()
  })

  test('tampered with', async () => {
    lie(LIBRARY, tampered(served(LIBRARY)))
    expect((await fails('FETCH_MISMATCH', 5)).what).toContain('lib 1.0')
    await works()
  })

  test('gone', async () => {
    lie(LIBRARY, (_, response) => response.writeHead(404).end())
    expect((await fails('FETCH_NOT_FOUND', 6)).hint).toContain('lock the image anew')
    await works()
  })

  test('longer than its record says', async () => {
    lie(LIBRARY, oversized)
    await fails('FETCH_MISMATCH', 5)
  })
})

describe('the server', () => {
  test('refuses connections', async () => {
    place.sources({ url: 'http://127.0.0.1:1' })
    expect((await fails('UPSTREAM_UNREACHABLE', 6)).what).toContain('ECONNREFUSED')
    const { stderr } = await place.holotype(['image', 'lock', 'web'])
    expect(stderr).toMatch(/error: .*ECONNREFUSED\nhint: .+\ncode: UPSTREAM_UNREACHABLE\n$/)
    await works()
  })

  test('is broken', async () => {
    lie(TOP, (_, response) => response.writeHead(500).end())
    await fails('UPSTREAM_UNREACHABLE', 6)
  })

  test('names no source for the release', async () => {
    place.sources({ url: 'ftp://127.0.0.1' })
    await fails('UPSTREAM_NO_SOURCES', 3)
  })
})

describe('a command that is interrupted', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s while a server keeps it waiting exits with %i at once and leaves nothing half',
    async (signal, exitCode) => {
      const asked = new Promise<void>((resolve) =>
        lie(LIBRARY, (_, response) => {
          response.writeHead(200, { 'content-length': served(LIBRARY).length }).write('!')
          resolve()
        }),
      )
      const { child, ended } = place.start(['image', 'lock', 'web', '--json'])
      await Promise.race([asked, ended])
      // Meanwhile the home is taken.
      expect(await place.failure(['image', 'lock', 'web'])).toMatchObject({ code: 'HOME_BUSY', exitCode: 4 })
      const begin = performance.now()
      child.kill(signal)
      const { code, stdout, stderr } = await ended
      expect(performance.now() - begin).toBeLessThan(5000)
      expect(code).toBe(exitCode)
      expect(stdout).toBe('')
      expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ code: 'CLI_INTERRUPTED', exitCode })
      expect(existsSync(lock)).toBe(false)
      expect(halfWritten(place.directory)).toEqual([])
      await works()
    },
  )
})
