import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Digest, hexOf, silent } from '@holotype/base'
import { type ChannelStatement, openTrustClient } from '@holotype/trust'
import { expect, test } from 'vitest'
import { publishedSite } from '../testing/published-site.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { collectSite } from './collect-site.ts'
import { verifySite } from './verify-site.ts'

const base = temporaryDirectory()
let worlds = 0
const world = () => {
  const folder = join(base, String(++worlds))
  mkdirSync(folder)
  return folder
}
const DAY = 86_400_000
const then = (days: number) => new Date(Date.now() + days * DAY)
const pathOf = (digest: Digest) => `objects/${hexOf(digest).slice(0, 2)}/${hexOf(digest).slice(2)}`
const random = (seed: number) => Array.from({ length: 3000 }, (_, at) => (seed * 7919 + at * at * 31) % 997).join(' ')

/** Everything on the site was written long ago, but for nothing. */
function age(site: string): void {
  for (const entry of readdirSync(site, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), 0, 0)
}

async function verified(site: string, now = new Date()) {
  return await verifySite({ url: pathToFileURL(site).href, now, progress: silent })
}

test('what the channel leads to stays, and the image before it; older ones go after the grace time', async () => {
  const site = await publishedSite(world())
  const statements: ChannelStatement[] = []
  for (let number = 0; number < 4; number++)
    statements.push(await site.publish({ 'etc/x': random(number) }, then(number - 40)))
  age(site.directory)
  const has = () => statements.map(({ current }) => existsSync(join(site.directory, pathOf(current.image))))
  const collect = (grace: number, dryRun = false) =>
    collectSite({ site: site.directory, now: then(-36), grace: (grace * DAY) / 1000, dryRun })
  // The first was live until the second was issued, 39 days ago, which is three days before.
  expect((await collect(3.1)).paths.filter((path) => !path.startsWith('trust/'))).toEqual([])
  const dry = await collect(2.9, true)
  expect(dry.removed.files).toBeGreaterThan(0)
  expect(has()).toEqual([true, true, true, true])
  expect(await collect(2.9)).toEqual(dry)
  expect(has()).toEqual([false, true, true, true])
  await collect(0)
  expect(has()).toEqual([false, false, true, true])
  expect((await collect(0)).removed.files).toBe(0)
  // Statement 3's packs reach back to what came with 1 and 2: those stay.
  await site.list()
  expect(await verified(site.directory, then(-36))).toMatchObject({
    damage: [],
    channels: [{ channel: 'web', number: 4, images: 1 }],
  })
  await site.publish({ 'etc/x': 'after it' })
  await site.list()
  expect((await verified(site.directory)).damage).toEqual([])
})

test('what was written lately and is not named yet stays, with what it names', async () => {
  const site = await publishedSite(world())
  const first = await site.publish({ 'etc/x': 'first' }, then(-90))
  const gone = await site.publish({ 'etc/x': 'gone' }, then(-80))
  await site.publish({ 'etc/x': 'second' }, then(-70))
  await site.publish({ 'etc/x': 'third' }, then(-60))
  age(site.directory)
  // As if somebody were publishing the first again, and had come as far as its manifest.
  utimesSync(join(site.directory, pathOf(first.current.image)), new Date(), new Date())
  const { kept } = await collectSite({ site: site.directory, now: new Date() })
  const named: unknown = JSON.parse(readFileSync(join(site.directory, pathOf(first.current.image)), 'utf8'))
  expect(named).toMatchObject({ schema: 'holotype.image/1' })
  expect(kept.find(({ reason }) => reason === 'recent')?.files).toBeGreaterThan(0)
  expect(existsSync(join(site.directory, pathOf(gone.current.image)))).toBe(false)
})

test('the chain of roots stays, and so does every number that was taken', async () => {
  const site = await publishedSite(world())
  for (let number = 0; number < 3; number++) await site.publish({ 'etc/x': `${number}` }, then(number - 80))
  writeFileSync(join(site.directory, 'trust/9.snapshot.json'), 'of a publisher that was stopped')
  age(site.directory)
  await collectSite({ site: site.directory, now: new Date() })
  expect(readdirSync(join(site.directory, 'trust')).sort()).toEqual([
    '1.root.json',
    '1.targets.json',
    '4.channel-web.json',
    '4.snapshot.json',
    '9.snapshot.json',
    'timestamp.json',
  ])
})

test('a site whose metadata cannot be read keeps everything', async () => {
  const site = await publishedSite(world())
  const { current } = await site.publish({ 'etc/x': 'x' }, then(-80))
  age(site.directory)
  writeFileSync(join(site.directory, 'trust/2.snapshot.json'), '{}')
  await expect(collectSite({ site: site.directory, now: new Date() })).rejects.toMatchObject({
    code: 'SITE_UNREADABLE',
  })
  expect(existsSync(join(site.directory, pathOf(current.image)))).toBe(true)
})

test('in a loop beside a process that publishes in a loop: whoever reads finds what the statement names', async () => {
  const folder = world()
  const site = await publishedSite(folder)
  await site.publish({ 'etc/x': 'x' })
  const publisher = spawn(process.execPath, [join(import.meta.dirname, '../testing/publish-process.ts'), folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  publisher.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  let ended: number | null | undefined
  publisher.on('exit', (code) => {
    ended = code
  })
  const root = readFileSync(join(site.directory, 'trust/1.root.json'))
  const fetch = async (path: string) => {
    const file = join(site.directory, path)
    return existsSync(file) ? readFileSync(file) : undefined
  }
  let removed = 0
  const numbers = new Set<number>()
  try {
    for (let round = 0; numbers.size < 20 && ended === undefined; round++) {
      const client = openTrustClient({
        directory: join(folder, `client-${round % 3}`),
        initialRoot: root,
        fetch,
        now: () => new Date(),
      })
      const { statement } = await client.refresh('web')
      numbers.add(statement.number)
      for (const digest of [
        statement.current.image,
        ...statement.current.packs.flatMap(({ index, pack }) => [index, pack]),
      ])
        expect(statSync(join(site.directory, pathOf(digest))).isFile()).toBe(true)
      removed += (await collectSite({ site: site.directory, now: new Date(), grace: 0 })).removed.files
    }
  } finally {
    publisher.kill('SIGTERM')
  }
  expect(said).toBe('')
  expect(numbers.size).toBe(20)
  expect(removed).toBeGreaterThan(10)
}, 120_000)

test('verifying names what a list does not know of', async () => {
  const site = await publishedSite(world())
  const { current } = await site.publish({ 'etc/x': random(1), 'etc/y': 'y' })
  await site.list()
  expect((await verified(site.directory)).damage).toEqual([])
  const [pack] = current.packs
  if (!pack) throw new Error('no pack')
  // The publisher lost it, and lists what is left: every file is as listed, and the image is not whole.
  rmSync(join(site.directory, pathOf(pack.pack)))
  await site.list()
  const { damage } = await verified(site.directory)
  expect(damage).toHaveLength(1)
  expect(damage[0]?.path).toBe(pathOf(current.image))
  expect((await verified(site.directory, then(400))).damage[0]).toMatchObject({ path: 'channel web' })
})
