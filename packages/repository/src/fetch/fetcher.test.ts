import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testFolder } from '../testing/folder.ts'
import { endless, serve, silent, type TestServer, truncated } from '../testing/server.ts'
import { type FetcherOptions, openFetcher } from './fetcher.ts'

const folder = testFolder()
const body = Buffer.from('the bytes of a file')
let server: TestServer

beforeAll(async () => {
  writeFileSync(join(folder, 'file'), body)
  server = await serve(folder)
})
afterAll(() => server[Symbol.asyncDispose]())

const QUICK = { tries: 3, retryDelayMs: 1, idleMs: 100, graceMs: 50, minBytesPerSecond: 100_000 }

async function get(path: string, options: FetcherOptions = QUICK, maxBytes = 100) {
  await using fetcher = openFetcher(options)
  return await fetcher.get(path.includes(':') ? path : `${server.url}${path}`, maxBytes)
}

async function stream(path: string, size: number, options: FetcherOptions = QUICK) {
  await using fetcher = openFetcher(options)
  return await fetcher.stream(`${server.url}${path}`, size, async (chunks) => {
    const all: Uint8Array[] = []
    for await (const chunk of chunks) all.push(chunk)
    return Buffer.concat(all)
  })
}

describe('the fetcher', () => {
  it('fetches over http and from files', async () => {
    expect((await get('/file')).bytes).toEqual(body)
    expect((await get(pathToFileURL(join(folder, 'file')).href)).bytes).toEqual(body)
    expect(await stream('/file', body.length)).toEqual(body)
  })
  it('keeps its connections', async () => {
    const sockets = new Set()
    server.answers.set('/kept', (request, response) => {
      sockets.add(request.socket)
      response.end('x')
    })
    await using fetcher = openFetcher(QUICK)
    for (let count = 0; count < 5; count++) await fetcher.get(`${server.url}/kept`, 10)
    expect(sockets.size).toBe(1)
  })
  it('follows redirects, a few, and never to a file', async () => {
    server.answers.set('/moved', (_, response) => response.writeHead(302, { location: '/file' }).end())
    expect(await get('/moved')).toEqual({ bytes: body, url: `${server.url}/file` })
    server.answers.set('/circle', (_, response) => response.writeHead(302, { location: '/circle' }).end())
    await expect(get('/circle')).rejects.toMatchObject({ code: 'FETCH_UNREACHABLE' })
    server.answers.set('/local', (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
    await expect(get('/local')).rejects.toThrow('redirects to a file')
  })
  it('tries again after a server’s error, and not after a plain no', async () => {
    let asked = 0
    server.answers.set('/flaky', (_, response) => response.writeHead(++asked < 3 ? 503 : 200).end('x'))
    expect((await get('/flaky')).bytes.toString()).toBe('x')
    let refused = 0
    server.answers.set('/forbidden', (_, response) => {
      refused++
      response.writeHead(403).end()
    })
    await expect(get('/forbidden')).rejects.toMatchObject({ code: 'FETCH_UNREACHABLE', exitCode: 6 })
    expect(refused).toBe(1)
  })
})

describe('what goes wrong', () => {
  it('a file that is not there', async () => {
    await expect(get('/absent')).rejects.toMatchObject({ code: 'FETCH_NOT_FOUND' })
    await expect(get('file:///absent/file')).rejects.toMatchObject({ code: 'FETCH_NOT_FOUND' })
  })
  it('nobody listens', async () => {
    await expect(get('http://127.0.0.1:1/x')).rejects.toMatchObject({ code: 'FETCH_UNREACHABLE' })
    await expect(get('ftp://127.0.0.1/x')).rejects.toMatchObject({ code: 'FETCH_UNREACHABLE' })
  })
  it('a body cut short is tried again, then reported', async () => {
    server.asked.length = 0
    server.answers.set('/cut', truncated(body))
    await expect(get('/cut')).rejects.toMatchObject({ code: 'FETCH_TRUNCATED' })
    expect(server.asked).toEqual(['/cut', '/cut', '/cut'])
    // Ended properly, but too early: no length was announced.
    server.answers.set('/short', (_, response) => {
      response.write('half')
      response.end()
    })
    await expect(stream('/short', 19)).rejects.toThrow('ended after 4 of 19 bytes')
  })
  it('a body that is too long, announced or not', async () => {
    server.asked.length = 0
    await expect(get('/file', QUICK, 5)).rejects.toMatchObject({ code: 'FETCH_MISMATCH' })
    await expect(stream('/file', 5)).rejects.toMatchObject({ code: 'FETCH_MISMATCH' })
    await expect(stream('/file', 500)).rejects.toMatchObject({ code: 'FETCH_MISMATCH' })
    expect(server.asked).toHaveLength(3)
    server.answers.set('/endless', endless)
    await expect(get('/endless', { ...QUICK, graceMs: 10_000 }, 5)).rejects.toMatchObject({ code: 'FETCH_MISMATCH' })
  })
  it('an endless trickle ends', async () => {
    server.answers.set('/endless', endless)
    await expect(get('/endless', { ...QUICK, tries: 1 }, 1e9)).rejects.toThrow('comes at less than')
  })
  it('a silent server is left', async () => {
    server.answers.set('/silent', silent)
    await expect(get('/silent', { ...QUICK, tries: 1 })).rejects.toMatchObject({ code: 'FETCH_TRUNCATED' })
    server.answers.set('/mute', () => {})
    await expect(get('/mute', { ...QUICK, tries: 1 })).rejects.toMatchObject({ code: 'FETCH_UNREACHABLE' })
  })
  it('what the taker throws comes through, without another try', async () => {
    server.asked.length = 0
    await using fetcher = openFetcher(QUICK)
    const taking = fetcher.stream(`${server.url}/file`, body.length, async () => {
      throw new Error('no room')
    })
    await expect(taking).rejects.toThrow('no room')
    expect(server.asked).toHaveLength(1)
    expect(readFileSync(join(folder, 'file'))).toEqual(body)
  })
})
