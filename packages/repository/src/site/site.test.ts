import { createServer } from 'node:http'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { digestOf, hexOf, silent, writeFileAtomic } from '@holotype/base'
import { describe, expect, it } from 'vitest'
import { memoryDirectory, testFolder } from '../testing/folder.ts'
import { serveStatic } from '../testing/static-server.ts'
import { mirrorForEver, mirrorOnce, type MirrorOptions } from './mirror.ts'
import { openSource } from './source.ts'
import { verifyFiles } from './verify-files.ts'
import { writeSiteList } from './write-list.ts'

const folder = testFolder(memoryDirectory())
const place = () => mkdtempSync(join(folder, 'x-'))

function write(site: string, path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(site, path)), { recursive: true })
  writeFileAtomic(join(site, path), text)
}

function object(site: string, text: string): string {
  const hex = hexOf(digestOf(text))
  const path = `objects/${hex.slice(0, 2)}/${hex.slice(2)}`
  write(site, path, text)
  return path
}

/** A small site whose names say which files they lead to; `number` makes another state of it. */
function publish(site: string, number: number): void {
  const objects = [object(site, `always the same`), object(site, `image ${number}`), object(site, `pack ${number}`)]
  write(site, `channels/${number}.web.json`, objects.join('\n'))
  write(site, `repo/deb/pool/main/a+b_${number}~1.deb`, `package ${number}`)
  const index = `repo/deb/dists/stable/by-hash/${number}`
  write(site, index, `index ${number}`)
  write(site, `repo/deb/.tops/acme/${number}.json`, '{}')
  write(
    site,
    `repo/deb/.tops/acme/${number}/dists/stable/InRelease`,
    `${index}\nrepo/deb/pool/main/a+b_${number}~1.deb\n`,
  )
  write(site, `repo/deb/.tops/acme/${number}/dists/stable/Packages`, `index ${number}`)
  if (!existsSync(join(site, 'repo/deb/dists/stable/InRelease')))
    symlinkSync('../../.tops/acme/current/dists/stable/InRelease', join(site, 'repo/deb/dists/stable/InRelease'))
  write(site, 'repo/key.asc', 'the key')
  rmSync(join(site, 'repo/deb/.tops/acme/new'), { force: true })
  rmSync(join(site, 'repo/deb/.tops/acme/current'), { force: true })
  symlinkSync(String(number), join(site, 'repo/deb/.tops/acme/current'))
  write(site, 'trust/1.root.json', 'root')
  write(site, 'trust/timestamp.json', `channels/${number}.web.json\n`)
}

const NOW = new Date('2026-11-21T12:00:00Z')
const list = (site: string, now = NOW) => writeSiteList({ site, notes: `${site}.notes`, now })
const mirror = (origin: string, to: string, more: Partial<MirrorOptions> = {}) =>
  mirrorOnce({ origin, to, now: () => NOW, progress: silent, ...more })

/** What a client sees: undefined before there is anything, else the number of the state that all it follows belongs to. */
function seen(site: string): { trust: string; repository: string } | undefined {
  if (!existsSync(join(site, 'trust/timestamp.json'))) return undefined
  const channel = readFileSync(join(site, 'trust/timestamp.json'), 'utf8').trim()
  for (const path of readFileSync(join(site, channel), 'utf8').split('\n'))
    if (digestOf(readFileSync(join(site, path))) !== `sha256:${path.slice(8).replace('/', '')}`) throw new Error(path)
  const top = readFileSync(join(site, 'repo/deb/dists/stable/InRelease'), 'utf8')
  for (const path of top.trim().split('\n')) readFileSync(join(site, path))
  return { trust: channel.replace(/\D/g, ''), repository: /\d+/.exec(top)?.[0] ?? '' }
}

/** Every published path with its bytes or text. */
function contents(site: string): Record<string, string> {
  const all = readdirSync(site, { recursive: true, withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = relative(site, join(entry.parentPath, entry.name))
    if (entry.isDirectory() || path.startsWith('.mirror') || path === 'mirror.json') return []
    return [
      [
        path,
        entry.isSymbolicLink() ? `-> ${readlinkSync(join(site, path))}` : readFileSync(join(site, path), 'latin1'),
      ],
    ]
  })
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe("a site's list", () => {
  it('is written anew when something changed, and not otherwise', async () => {
    const site = place()
    publish(site, 1)
    expect(await list(site)).toMatchObject({ serial: 1, changed: true })
    expect(await list(site)).toMatchObject({ serial: 1, changed: false })
    publish(site, 2)
    expect(await list(site)).toMatchObject({ serial: 2, changed: true })
  })
  it('leaves nothing out in silence', async () => {
    const site = place()
    publish(site, 1)
    await list(site)
    const before = readFileSync(join(site, 'files/index.json'))
    write(site, 'repo/large.asc', Buffer.alloc(256 * 1024 + 1))
    await expect(list(site)).rejects.toMatchObject({ code: 'SITE_LIST_FULL' })
    rmSync(join(site, 'repo/large.asc'))
    for (let at = 0; at < 1024; at++) write(site, `repo/key-${at}.asc`, 'x')
    await expect(list(site)).rejects.toMatchObject({ code: 'SITE_LIST_FULL' })
    expect(readFileSync(join(site, 'files/index.json')).equals(before)).toBe(true)
  })
  it('does not name a state that is not shown yet', async () => {
    const site = place()
    publish(site, 1)
    write(site, 'repo/deb/.tops/acme/2/dists/stable/InRelease', 'half')
    await list(site)
    const copy = place()
    await mirror(pathToFileURL(site).href, copy)
    expect(existsSync(join(copy, 'repo/deb/.tops/acme/1/dists/stable/InRelease'))).toBe(true)
    expect(existsSync(join(copy, 'repo/deb/.tops/acme/2'))).toBe(false)
  })
  it('notices a file that was replaced by one of the same size', async () => {
    const site = place()
    publish(site, 1)
    await list(site)
    write(site, 'repo/deb/pool/main/a+b_1~1.deb', 'PACKAGE 1')
    expect(await list(site)).toMatchObject({ changed: true })
  })
})

describe('a mirror', () => {
  it('is a copy byte for byte, by http and from a directory, and then only of what is new', async () => {
    const site = place()
    publish(site, 1)
    await list(site)
    await using server = await serveStatic(site, { redirect: false })
    const [one, two] = [place(), place()]
    await mirror(server.url, one)
    await mirror(pathToFileURL(site).href, two)
    expect(contents(one)).toEqual(contents(site))
    expect(contents(two)).toEqual(contents(site))
    publish(site, 2)
    await list(site)
    server.asked.length = 0
    expect(await mirror(server.url, one)).toMatchObject({ serial: 2, before: 1, files: 8 })
    expect(server.asked.filter((line) => line.includes('always') || line.includes('root.json'))).toEqual([])
    // By its digest once, though it lies under two names.
    expect(server.asked.filter((line) => line.includes('Packages') || line.includes('by-hash/2'))).toHaveLength(1)
    expect(await mirror(server.url, one)).toBeUndefined()
    expect(seen(one)).toEqual({ trust: '2', repository: '2' })
    expect(JSON.parse(readFileSync(join(one, 'mirror.json'), 'utf8'))).toMatchObject({
      origin: `${server.url}/`,
      chain: [],
      start: { serial: 2 },
      end: { serial: 2 },
    })
  })

  it('shows one whole state whenever it is ended, and the next copy takes it up', async () => {
    const site = place()
    const copy = place()
    publish(site, 1)
    await list(site)
    const origin = pathToFileURL(site).href
    await mirror(origin, copy)
    publish(site, 2)
    await list(site)
    const shown = new Set<string>()
    let steps = 0
    for (let end = 1; ; end++) {
      steps = 0
      const stop = new Error('ended here')
      const afterStep = () => {
        const now = seen(copy)
        shown.add(`${now?.trust} ${now?.repository}`)
        if (++steps === end) throw stop
      }
      const ended = await mirror(origin, copy, { afterStep }).catch((error: unknown) => error)
      if (ended !== stop) break
    }
    expect(steps).toBeGreaterThan(3)
    expect([...shown].sort()).toEqual(['1 1', '1 2', '2 2'])
    expect(contents(copy)).toMatchObject(contents(site))
    expect(seen(copy)).toEqual({ trust: '2', repository: '2' })
  })

  it('keeps what is no longer listed for an hour', async () => {
    const site = place()
    const copy = place()
    publish(site, 1)
    await list(site)
    const origin = pathToFileURL(site).href
    await mirror(origin, copy)
    rmSync(join(site, 'repo/deb/pool/main/a+b_1~1.deb'))
    await list(site)
    await mirror(origin, copy)
    expect(existsSync(join(copy, 'repo/deb/pool/main/a+b_1~1.deb'))).toBe(true)
    const later = () => new Date(NOW.getTime() + 3_600_000)
    expect(await mirror(origin, copy, { now: later })).toMatchObject({ removed: 2 })
    expect(existsSync(join(copy, 'repo/deb/pool'))).toBe(false)
  })

  it('goes on where a transfer broke off', async () => {
    const site = place()
    publish(site, 1)
    const big = Buffer.alloc(3_000_000, 'abcdefg')
    write(site, 'repo/deb/pool/big.deb', big)
    await list(site)
    const ranges: (string | undefined)[] = []
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '')
      if (!existsSync(join(site, path))) return response.writeHead(404).end()
      const bytes = readFileSync(join(site, path))
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      if (!path.endsWith('big.deb')) return response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
      ranges.push(request.headers.range)
      const head = { 'content-length': bytes.length - from }
      if (from > 0)
        response.writeHead(206, { ...head, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
      else response.writeHead(200, head)
      if (ranges.length === 3) return response.end(bytes.subarray(from))
      return response.write(bytes.subarray(from, from + 1_000_000), () => setTimeout(() => response.destroy(), 20))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const copy = place()
    try {
      await mirror(`http://127.0.0.1:${port}`, copy)
    } finally {
      server.closeAllConnections()
      server.close()
    }
    expect(readFileSync(join(copy, 'repo/deb/pool/big.deb')).equals(big)).toBe(true)
    expect(ranges).toHaveLength(3)
    expect(ranges[0]).toBeUndefined()
    expect(Number(/\d+/.exec(ranges[2] ?? '')?.[0])).toBeGreaterThan(1_000_000)
  })

  it('refuses wrong bytes, shows nothing of them, and names them', async () => {
    const site = place()
    publish(site, 1)
    await list(site)
    write(site, 'repo/deb/pool/main/a+b_1~1.deb', 'PACKAGE 1')
    const copy = place()
    await expect(mirror(pathToFileURL(site).href, copy)).rejects.toMatchObject({
      code: 'FETCH_MISMATCH',
      data: { path: 'repo/deb/pool/main/a+b_1~1.deb' },
    })
    expect(seen(copy)).toBeUndefined()
  })

  it('follows no circle, no other site and nothing older', async () => {
    const [site, other, one, two] = [place(), place(), place(), place()]
    for (const each of [site, other]) {
      publish(each, 1)
      await list(each)
    }
    const url = (directory: string) => pathToFileURL(directory).href
    await mirror(url(site), one)
    await mirror(url(one), two)
    await expect(mirror(url(two), one)).rejects.toMatchObject({ code: 'MIRROR_CYCLE' })
    await expect(mirror(url(one), one)).rejects.toMatchObject({ code: 'MIRROR_CYCLE' })
    await expect(mirror(url(other), two)).rejects.toMatchObject({ code: 'SITE_OTHER' })
    await expect(mirror(url(other), site)).rejects.toMatchObject({ code: 'SITE_OTHER' })
    publish(site, 2)
    await list(site)
    await mirror(url(site), two)
    await expect(mirror(url(one), two)).rejects.toMatchObject({ code: 'SITE_BACKWARD' })
    expect(seen(two)).toEqual({ trust: '2', repository: '2' })
  })

  it('stays at the state it has where the next is more than its quota', async () => {
    const [site, copy] = [place(), place()]
    publish(site, 1)
    const { bytes } = await list(site)
    const origin = pathToFileURL(site).href
    await mirror(origin, copy, { quota: bytes })
    publish(site, 2)
    await list(site)
    await expect(mirror(origin, copy, { quota: bytes })).rejects.toMatchObject({ code: 'MIRROR_QUOTA' })
    expect(seen(copy)).toEqual({ trust: '1', repository: '1' })
  })

  it('counts against its quota what is listed, whatever the list says of it, and what is kept for an hour', async () => {
    const [site, copy] = [place(), place()]
    publish(site, 1)
    const { bytes } = await list(site)
    const origin = pathToFileURL(site).href
    await mirror(origin, copy, { quota: bytes })
    const honest = JSON.parse(readFileSync(join(site, 'files/index.json'), 'utf8'))
    const lies = [
      { ...honest, bytes: 1 },
      {
        ...honest,
        bytes: 1,
        parts: honest.parts.map((part: object, at: number) => ({ ...part, bytes: at === 0 ? 1 : 0 })),
      },
    ]
    for (const lie of lies) {
      write(site, 'files/index.json', JSON.stringify(lie))
      await expect(mirror(origin, place(), { quota: 10 })).rejects.toMatchObject({ code: 'SITE_LIST_MALFORMED' })
    }
    rmSync(join(site, 'files'), { recursive: true })
    await list(site)
    rmSync(join(site, 'repo/deb/pool/main/a+b_1~1.deb'))
    write(site, 'repo/deb/pool/main/c_1.deb', 'package 1')
    await list(site)
    const next = place()
    await mirror(origin, next, { quota: bytes })
    rmSync(join(site, 'repo/deb/pool/main/c_1.deb'))
    write(site, 'repo/deb/pool/main/d_1.deb', 'package 1')
    await list(site)
    await expect(mirror(origin, next, { quota: bytes })).rejects.toMatchObject({ code: 'MIRROR_QUOTA' })
    await mirror(origin, next, { quota: bytes + 2000 })
  })

  it('lets go of what is gone while its origin is quiet, and of nothing that is shown again', async () => {
    const [site, copy] = [place(), place()]
    publish(site, 1)
    await list(site)
    await using server = await serveStatic(site, { redirect: false })
    const gone = 'repo/deb/pool/main/a+b_1~1.deb'
    let now = NOW.getTime()
    const stop = new AbortController()
    const told: unknown[] = []
    const kept = mirrorForEver(
      {
        origin: server.url,
        to: copy,
        now: () => new Date(now),
        progress: silent,
        signal: stop.signal,
        pollSeconds: 0.05,
      },
      (outcome) => told.push(outcome),
    )
    const until = async (what: () => boolean) => {
      while (!what()) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    try {
      await until(() => seen(copy) !== undefined)
      rmSync(join(site, gone))
      await list(site)
      await until(() => told.length === 2)
      expect(existsSync(join(copy, gone))).toBe(true)
      now += 3_600_000
      await until(() => !existsSync(join(copy, gone)))
    } finally {
      stop.abort()
      await kept
    }
    // Noted as gone, and listed: as where a copy was ended after it had shown the list.
    const listed = 'repo/deb/dists/stable/by-hash/1'
    writeFileSync(join(copy, '.mirror/gone.json'), JSON.stringify([[listed, 1, 1]]))
    await mirror(server.url, copy)
    expect(existsSync(join(copy, listed))).toBe(true)
  })

  it('that is kept waits for an origin that is not there yet, and takes it when it is', async () => {
    const [place1, copy] = [place(), place()]
    const site = join(place1, 'later')
    const stop = new AbortController()
    const told: unknown[] = []
    const kept = mirrorForEver(
      {
        origin: pathToFileURL(site).href,
        to: copy,
        now: () => NOW,
        progress: silent,
        signal: stop.signal,
        pollSeconds: 0.05,
      },
      (outcome) => {
        told.push(outcome)
        if (told.length === 1) {
          publish(site, 1)
          void list(site)
        }
        if (seen(copy)) stop.abort()
      },
    )
    await kept
    expect(told[0]).toMatchObject({ code: 'SITE_UNLISTED' })
    expect(seen(copy)).toEqual({ trust: '1', repository: '1' })
  })

  it('does not believe an origin that says it waits and does not', async () => {
    const [site, copy] = [place(), place()]
    publish(site, 1)
    await list(site)
    let asked = 0
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '')
      if (!existsSync(join(site, path))) return response.writeHead(404).end()
      const head = { etag: '"1"', 'preference-applied': 'wait=1' }
      if (path !== '/files/index.json') return response.writeHead(200).end(readFileSync(join(site, path)))
      asked++
      if (request.headers['if-none-match']) return response.writeHead(304, head).end()
      return response.writeHead(200, head).end(readFileSync(join(site, path)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const stop = new AbortController()
    const origin = `http://127.0.0.1:${port}`
    const kept = mirrorForEver(
      { origin, to: copy, now: () => NOW, progress: silent, signal: stop.signal, pollSeconds: 60 },
      () => setTimeout(() => stop.abort(), 500),
    )
    await kept
    server.closeAllConnections()
    server.close()
    expect(asked).toBeLessThan(4)
  })

  it.each([
    ['a path outside', [{ path: '../x', size: 1, digest: digestOf('x') }]],
    ['an absolute path', [{ path: '/etc/x', size: 1, digest: digestOf('x') }]],
    ['a link outside', [{ path: 'repo/deb/x', link: '../../../etc' }]],
    ['a link out of another', [{ path: 'repo/deb/x', link: 'pool/../../../..' }]],
    ['an absolute link', [{ path: 'repo/deb/x', link: '/etc' }]],
    ["a mirror's own file", [{ path: 'mirror.json', size: 1, digest: digestOf('x') }]],
    ['a file that changes', [{ path: 'trust/timestamp.json', size: 1, digest: digestOf('x') }]],
    [
      'a file below a link',
      [
        { path: 'repo/deb/x', link: 'pool' },
        { path: 'repo/deb/x/y', size: 1, digest: digestOf('x') },
      ],
    ],
  ])('takes no list with %s', async (_, files) => {
    const [site, copy] = [place(), place()]
    const part = Buffer.from(JSON.stringify({ schema: 'holotype.site-files/1', files }))
    write(site, `files/${hexOf(digestOf(part))}.json`, part)
    write(site, 'repo/deb/x/y', 'x')
    const parts = [{ digest: digestOf(part), size: part.length, bytes: 1 }]
    const head = {
      schema: 'holotype.site/2',
      site: '0'.repeat(32),
      serial: 1,
      date: NOW.toISOString(),
      files: 1,
      bytes: 1,
    }
    write(site, 'files/index.json', JSON.stringify({ ...head, parts, names: [] }))
    await expect(mirror(pathToFileURL(site).href, copy)).rejects.toMatchObject({ code: 'SITE_LIST_MALFORMED' })
  })
})

describe('verifying', () => {
  const verify = async (site: string) => {
    await using source = openSource(pathToFileURL(site).href)
    return await verifyFiles(source, silent)
  }
  it('finds nothing wrong with a site, and each byte that is', async () => {
    const [site, copy] = [place(), place()]
    publish(site, 1)
    await list(site)
    expect((await verify(site)).damage).toEqual([])
    const origin = pathToFileURL(site).href
    await mirror(origin, copy)
    truncateSync(join(copy, 'channels/1.web.json'), 3)
    writeFileSync(join(copy, 'repo/deb/dists/stable/by-hash/1'), 'INDEX 1')
    rmSync(join(copy, 'repo/deb/pool/main/a+b_1~1.deb'))
    writeFileSync(join(copy, 'trust/timestamp.json'), 'other')
    expect((await verify(copy)).damage).toEqual([
      { path: 'channels/1.web.json', what: 'has another size' },
      { path: 'repo/deb/.tops/acme/1/dists/stable/Packages', what: 'has other bytes' },
      { path: 'repo/deb/dists/stable/by-hash/1', what: 'has other bytes' },
      { path: 'repo/deb/pool/main/a+b_1~1.deb', what: 'is missing' },
      { path: 'trust/timestamp.json', what: 'is not of the state that is listed' },
    ])
    expect(await mirror(origin, copy, { check: true })).toMatchObject({ files: 4 })
    expect((await verify(copy)).damage).toEqual([])
  })
})
