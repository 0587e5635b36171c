import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent, writeFileAtomic } from '@holotype/base'
import { type Copied, mirrorForEver, writeSiteList } from '@holotype/repository'
import fastify from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveSite } from './static-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'holotype-news-'))
const site = join(folder, 'site')
const app = fastify({ forceCloseConnections: true }).withTypeProvider<ZodTypeProvider>()
let url = ''

const publish = (text: string) => {
  writeFileAtomic(join(site, 'trust/timestamp.json'), text)
  return writeSiteList({ site, notes: join(folder, 'digests'), now: new Date() })
}

beforeAll(async () => {
  mkdirSync(join(site, 'trust'), { recursive: true })
  mkdirSync(join(site, 'repo/deb/.tops/own/1'), { recursive: true })
  writeFileSync(join(site, 'repo/deb/.tops/own/1/InRelease'), 'of a state')
  await publish('first')
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await serveSite(app, site)
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/site/`
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

interface Answer {
  readonly status: number | undefined
  readonly etag: string
  readonly applied: string | undefined
  readonly ms: number
}

/** Not by `fetch`, which adds `cache-control: no-cache` to a conditional request. */
function ask(headers: Record<string, string>): Promise<Answer> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    get(`${url}files/index.json`, { headers, agent: false }, (answer) => {
      const { statusCode: status, headers: said } = answer
      const applied = String(said['preference-applied'] ?? 'no')
      answer
        .resume()
        .on('end', () => resolve({ status, etag: said.etag ?? '', applied, ms: performance.now() - began }))
    }).on('error', reject)
  })
}

it('waits for another list with who has this one, and with nobody else', async () => {
  const first = await ask({ prefer: 'wait=30' })
  expect(first).toMatchObject({ status: 200, applied: 'wait=30' })
  expect(first.ms).toBeLessThan(25_000)
  expect(await ask({ 'if-none-match': first.etag })).toMatchObject({ status: 304, applied: 'no' })
  const over = await ask({ 'if-none-match': first.etag, prefer: 'respond-async, wait=1' })
  expect(over.status).toBe(304)
  expect(over.ms).toBeGreaterThan(900)
  const pending = ask({ 'if-none-match': first.etag, prefer: 'wait=30' })
  await publish('second')
  const told = await pending
  expect(told.status).toBe(200)
  expect(told.ms).toBeLessThan(25_000)
  expect(told.etag).not.toBe(first.etag)
})

it('brings a publication to a mirror at once, though it would ask only every hour', async () => {
  const copy = join(folder, 'copy')
  const stop = new AbortController()
  const outcomes: (Copied | Error)[] = []
  let told = () => {}
  const next = () => new Promise<void>((resolve) => (told = resolve))
  const copied = next()
  const options = { origin: url, to: copy, now: () => new Date(), progress: silent, signal: stop.signal }
  const kept = mirrorForEver({ ...options, pollSeconds: 3600 }, (outcome) => {
    outcomes.push(outcome)
    told()
  })
  try {
    await copied
    const again = next()
    await publish('third')
    await again
  } finally {
    stop.abort()
    await kept
  }
  expect(outcomes).toMatchObject([{ serial: 2 }, { serial: 3, before: 2 }])
  expect(readFileSync(join(copy, 'trust/timestamp.json'), 'utf8')).toBe('third')
  expect(readFileSync(join(site, 'files/index.json'))).toEqual(readFileSync(join(copy, 'files/index.json')))
})
