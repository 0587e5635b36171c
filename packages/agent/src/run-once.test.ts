import {
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  chmodSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOOK_MS } from './limits.ts'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { isRoot, makeWorld, type Sketch, type World } from './testing/world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

const FIRST: Sketch = {
  'etc/app.conf': 'workers 2\n',
  'etc/hosts': '127.0.0.1 localhost\n',
  'usr/bin/app': Buffer.alloc(300_000, 'app1'),
  'usr/lib/libapp.so.1.0': Buffer.alloc(100_000, 'lib1'),
  'usr/lib/libapp.so.1': ['libapp.so.1.0'],
  'usr/share/doc/app/copyright': 'Apache-2.0\n',
  'usr/share/doc/lib/copyright': 'Apache-2.0\n',
  'usr/share/old/file': 'going\n',
  'var/log': null,
  'var/lib/dpkg/status':
    'Package: app\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\nMaintainer: a <a@b.c>\nDescription: x\n\n',
}
const SECOND: Sketch = {
  ...FIRST,
  'etc/app.conf': 'workers 4\n',
  'usr/bin/app': Buffer.alloc(310_000, 'app2'),
  'usr/lib/libapp.so.1.1': Buffer.alloc(100_000, 'lib2'),
  'usr/lib/libapp.so.1': ['libapp.so.1.1'],
  'usr/share/new/deep/file': 'new\n',
}
const { 'usr/share/old/file': _old, 'usr/lib/libapp.so.1.0': _lib, ...NEXT } = SECOND

async function installed(): Promise<Awaited<ReturnType<World['image']>>> {
  const first = await world.image(FIRST)
  await world.publish(1, first)
  await world.enrol()
  expect((await world.run()).outcome).toBe('converged')
  return first
}

describe('a run', () => {
  test('has what it fetched on the disk before it changes the first name, and all before its claim', async () => {
    await installed()
    await world.publish(2, await world.image(NEXT))
    const flushes: string[] = []
    const outcome = await world.run({
      progress(event) {
        if (event.kind === 'begin' && event.title === 'flush to disk')
          flushes.push(readFileSync(join(world.root, 'etc/app.conf'), 'utf8'))
      },
    })
    expect(outcome.outcome).toBe('converged')
    expect(flushes).toEqual(['workers 2\n', 'workers 4\n'])
  })

  test('brings an empty root to the image, path by path, and reports it', async () => {
    const first = await installed()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, first.image))
    const [report] = world.server.reports
    expect(report).toMatchObject({ outcome: 'converged', from: null, to: first.image, repaired: [], triggers: [] })
    expect(report?.bytesFetched).toBeGreaterThan(0)
    const [checkin] = world.server.checkins
    expect(checkin).toMatchObject({ image: first.image, statement: 1, flags: [] })
    expect([...world.server.sets]).toEqual([[checkin?.set, '[{"architecture":"amd64","name":"app","version":"1.0"}]']])
  })

  test('does nothing but check in when the statement has not changed', async () => {
    await installed()
    writeFileSync(join(world.root, 'etc/app.conf'), 'drifted')
    world.mirror.asked.length = 0
    const again = await world.run()
    expect(again).toMatchObject({ outcome: 'unchanged', warnings: [] })
    expect(again.report).toBeUndefined()
    expect(world.mirror.asked.filter((path) => path.startsWith('/objects/'))).toEqual([])
    expect(world.server.checkins).toHaveLength(2)
    expect(world.server.reports).toHaveLength(1)
    expect(readFileSync(join(world.root, 'etc/app.conf'), 'utf8')).toBe('drifted')
  })

  test('looks at every path an hour after the last look, and when the clock was set back', async () => {
    await installed()
    const drift = () => writeFileSync(join(world.root, 'etc/app.conf'), 'drifted')
    const looks = async () => {
      drift()
      const { outcome, report } = await world.run()
      return outcome === 'converged' ? report?.repaired : outcome
    }
    const began = world.clock.now
    world.clock.now = began + LOOK_MS - 1
    expect(await looks()).toBe('unchanged')
    world.clock.now = began + LOOK_MS
    expect(await looks()).toEqual(['/etc/app.conf'])
    expect(await looks()).toBe('unchanged')
    // One that finds nothing, or was asked for, is a look too.
    await world.run({ verify: true })
    world.clock.now += LOOK_MS
    expect(await world.run()).toMatchObject({ outcome: 'converged', warnings: [] })
    expect(await looks()).toBe('unchanged')
    world.clock.now -= 2 * LOOK_MS
    expect(await looks()).toEqual(['/etc/app.conf'])
  })

  test('looks again each time until what it found is mended', async () => {
    await installed()
    rmSync(join(world.root, 'usr/bin/app'))
    rmSync(join(world.site, 'objects'), { recursive: true })
    world.clock.now += LOOK_MS
    for (const _ of [1, 2]) {
      expect((await world.run()).outcome).toBe('failed')
      expect(world.server.checkins.at(-1)?.flags).toEqual(['failed'])
    }
  })

  test('moves to the next image, fetching only what the node lacks, and calls nothing drift', async () => {
    await installed()
    const inode = statSync(join(world.root, 'etc/hosts')).ino
    const next = await world.image(NEXT)
    await world.publish(2, next)
    const outcome = await world.run()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, next.image))
    expect(outcome.report).toMatchObject({ outcome: 'converged', repairedCount: 0 })
    expect(outcome.report?.changed).toEqual({ written: 7, removed: 3, metadata: 0 })
    expect(statSync(join(world.root, 'etc/hosts')).ino).toBe(inode)
  })

  test('repairs what differs from the claimed image and names it', async () => {
    const first = await installed()
    const at = (path: string) => join(world.root, path)
    rmSync(at('usr/lib/libapp.so.1.0'))
    writeFileSync(at('etc/app.conf'), 'workers 3\n')
    rmSync(at('usr/bin/app'))
    mkdirSync(at('usr/bin/app/deep'), { recursive: true })
    chmodSync(at('etc/hosts'), 0o600)
    rmSync(at('usr/share/doc'), { recursive: true })
    symlinkSync('/etc', at('usr/share/doc'))
    writeFileSync(at('usr/share/extra'), 'x')
    writeFileSync(Buffer.concat([Buffer.from(`${at('usr/share')}/`), Buffer.from([0xff, 0xfe])]), 'not utf-8')
    const outcome = await world.run({ verify: true })
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, first.image))
    expect(outcome.report?.repaired).toEqual([
      '/etc/app.conf',
      '/etc/hosts',
      '/usr/bin/app',
      '/usr/bin/app/deep',
      '/usr/lib/libapp.so.1.0',
      '/usr/share/doc',
      '/usr/share/doc/app',
      '/usr/share/doc/app/copyright',
      '/usr/share/doc/lib',
      '/usr/share/doc/lib/copyright',
      '/usr/share/extra',
      '/usr/share/\ufffd\ufffd',
    ])
    expect((await world.run({ verify: true })).report).toBeUndefined()
  })

  test('counts as drift on the way to the next image only what differed from the claimed one', async () => {
    await installed()
    writeFileSync(join(world.root, 'etc/app.conf'), 'workers 9\n')
    rmSync(join(world.root, 'usr/share/old/file'))
    writeFileSync(join(world.root, 'etc/extra'), 'x')
    await world.publish(2, await world.image(NEXT))
    expect((await world.run()).report?.repaired).toEqual(['/etc/app.conf', '/etc/extra'])
  })

  test('leaves what is excluded exactly as it is, also its parents', async () => {
    const exclusions = ['/var/log/**', '/etc/machine-id', '/srv/*/data/**']
    const first = await world.image({ ...FIRST, 'var/log/boot.log': 'of the image\n' }, { exclusions })
    await world.publish(1, first)
    await world.enrol()
    const paths = ['var/log/app.log', 'var/log/deep/er/x', 'etc/machine-id', 'srv/a/data/db', 'srv/b/plain']
    for (const path of paths) {
      mkdirSync(join(world.root, path, '..'), { recursive: true })
      writeFileSync(join(world.root, path), `mine ${path}`)
      utimesSync(join(world.root, path), 1000, 2000)
    }
    const facts = () =>
      paths.slice(0, 4).map((path) => {
        const { ino, atimeMs, mtimeMs, ctimeMs, mode } = lstatSync(join(world.root, path))
        return { path, ino, atimeMs, mtimeMs, ctimeMs, mode }
      })
    const before = facts()
    expect((await world.run()).error).toBeUndefined()
    await world.publish(2, await world.image({ ...NEXT }, { exclusions }))
    expect((await world.run()).error).toBeUndefined()
    expect(facts()).toEqual(before)
    expect(statSync(join(world.root, 'srv/b'), { throwIfNoEntry: false })).toBeUndefined()
    expect(readFileSync(join(world.root, 'srv/a/data/db'), 'utf8')).toBe('mine srv/a/data/db')
    // On the first install it was laid out where nothing lay. From then on it is the node's: not removed, and not written again.
    const boot = join(world.root, 'var/log/boot.log')
    expect(readFileSync(boot, 'utf8')).toBe('of the image\n')
    rmSync(boot)
    await world.publish(3, first)
    expect((await world.run()).error).toBeUndefined()
    expect(statSync(boot, { throwIfNoEntry: false })).toBeUndefined()
    expect((await world.run({ verify: true })).report).toBeUndefined()
  })

  test('says what is in the way when excluded paths lie where the image has a file, and does all else', async () => {
    const exclusions = ['/usr/bin/app/keep/**']
    await world.publish(1, await world.image(FIRST, { exclusions }))
    await world.enrol()
    mkdirSync(join(world.root, 'usr/bin/app/keep'), { recursive: true })
    writeFileSync(join(world.root, 'usr/bin/app/keep/x'), 'mine')
    const outcome = await world.run()
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_BLOCKED' }, image: null })
    expect(readFileSync(join(world.root, 'usr/bin/app/keep/x'), 'utf8')).toBe('mine')
    expect(readFileSync(join(world.root, 'etc/hosts'), 'utf8')).toContain('localhost')
    rmSync(join(world.root, 'usr/bin/app'), { recursive: true })
    expect((await world.run()).outcome).toBe('converged')
  })

  test('held: changes nothing, and says so', async () => {
    const first = await installed()
    const { hold, release } = await import('./held.ts')
    hold(world.state, { reason: 'looking', since: '2026-11-21T06:00:00Z' })
    await world.publish(2, await world.image(NEXT))
    expect(await world.run()).toMatchObject({ outcome: 'held', image: first.image })
    expect(world.server.checkins.at(-1)?.flags).toEqual(['held'])
    release(world.state)
    expect((await world.run()).outcome).toBe('converged')
  })

  test('does not need the server: syncs, keeps the report, sends it later, once', async () => {
    const first = await installed()
    world.server.status = 503
    const next = await world.image(NEXT)
    await world.publish(2, next)
    const outcome = await world.run()
    expect(outcome.outcome).toBe('converged')
    expect(outcome.warnings.join()).toContain('AGENT_SERVER_UNREACHABLE')
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, next.image))
    world.server.status = undefined
    await world.run()
    await world.run()
    expect(world.server.reports.map(({ from, to }) => [from, to])).toEqual([
      [null, first.image],
      [first.image, next.image],
    ])
  })

  test('follows an open wave of its labels to the next image, and waits for a closed one', async () => {
    const first = await installed()
    const next = await world.image(NEXT)
    const wave = { name: 'canary', select: { role: 'web' }, share: 10_000, open: false }
    await world.publish(2, first, { next, rollout: { id: 'r1', waves: [wave] } })
    expect((await world.run()).image).toBe(first.image)
    await world.publish(3, first, { next, rollout: { id: 'r1', waves: [{ ...wave, open: true }] } })
    expect((await world.run()).image).toBe(next.image)
  })

  test('refuses an older statement, changes nothing, and reports the failure as a flag', async () => {
    await installed()
    await world.publish(2, await world.image(NEXT))
    await world.run()
    const before = describeRoot(world.root)
    // A mirror that plays the past, to a node that lost its trust cache.
    rmSync(join(world.state, 'trust'), { recursive: true })
    const state = JSON.parse(readFileSync(join(world.state, 'state.json'), 'utf8'))
    writeFileSync(join(world.state, 'state.json'), JSON.stringify({ ...state, statement: 7 }))
    expect(await world.run()).toMatchObject({ outcome: 'failed', error: { code: 'AGENT_STATEMENT_OLD' } })
    expect(describeRoot(world.root)).toEqual(before)
    expect(world.server.checkins.at(-1)?.flags).toEqual(['failed'])
  })

  test('refuses metadata with a wrong signature', async () => {
    await installed()
    await world.publish(2, await world.image(NEXT))
    const path = join(world.site, 'trust/timestamp.json')
    const timestamp = JSON.parse(readFileSync(path, 'utf8'))
    timestamp.signatures[0].sig = timestamp.signatures[0].sig.replace(/^../, (two: string) =>
      two === '00' ? '11' : '00',
    )
    writeFileSync(path, JSON.stringify(timestamp))
    const outcome = await world.run()
    expect(outcome.outcome).toBe('failed')
    expect(outcome.error?.kind).toBe('trust')
  })

  test.skipIf(!isRoot)('keeps modes with setuid, owners, fifos and devices (needs root)', async () => {
    const owned = { uid: 12, gid: 34, mtime: 1_600_000_000 }
    const digest = world.store.put(Buffer.from('ping'))
    const first = await world.image({
      'usr/bin/ping': { ...owned, type: 'file', mode: 0o4755, digest, size: 4 },
      'usr/bin/pong': { ...owned, type: 'file', mode: 0o755, digest, size: 4 },
      'run/pipe': { ...owned, type: 'fifo', mode: 0o640 },
      'dev/null': { ...owned, type: 'character', mode: 0o666, major: 1, minor: 3 },
      'dev/far': { ...owned, type: 'block', mode: 0o660, major: 259, minor: 1_048_575 },
      tmp: { ...owned, type: 'directory', mode: 0o1777 },
    })
    await world.publish(1, first)
    await world.enrol()
    expect((await world.run()).error).toBeUndefined()
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, first.image))
    expect((await world.run({ verify: true })).report).toBeUndefined()
    // One inode with a name elsewhere is not changed in place.
    const ping = join(world.root, 'usr/bin/ping')
    chmodSync(ping, 0o755)
    expect((await world.run({ verify: true })).report?.repaired).toEqual(['/usr/bin/ping'])
    expect(statSync(ping).mode & 0o7777).toBe(0o4755)
  })
})
