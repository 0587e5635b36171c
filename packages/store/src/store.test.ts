import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { digestOf, hexOf, run } from '@holotype/base'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { openNotes } from './notes.ts'
import { openStore } from './store.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const directory = temporaryDirectory()
const coded = (code: string) => expect.objectContaining({ code })

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

/** Every file of a store but its objects. */
function strays(store: string): string[] {
  return readdirSync(join(store, 'objects')).filter((name) => !/^[0-9a-f]{2}$/.test(name))
}

describe('a store', () => {
  const store = openStore(join(directory, 'plain'))

  it('gives back what was put', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const digest = store.put(bytes)
        expect(digest).toBe(digestOf(bytes))
        expect(store.read(digest).equals(bytes)).toBe(true)
        expect(store.sizeOf(digest)).toBe(bytes.length)
        expect(store.has(digest)).toBe(true)
      }),
    )
  })

  it('keeps an object at objects/aa/<62 more hex digits> with mode 0644, whatever the umask', () => {
    const old = process.umask(0o077)
    const digest = store.put(Buffer.from('mode'))
    process.umask(old)
    const hex = hexOf(digest)
    expect(store.pathOf(digest)).toBe(join(directory, 'plain/objects', hex.slice(0, 2), hex.slice(2)))
    expect(statSync(store.pathOf(digest)).mode & 0o7777).toBe(0o644)
  })

  it('does not write what is there, and notes once a day that it is used', () => {
    const path = store.pathOf(store.put(Buffer.from('once')))
    const { ino } = statSync(path)
    const hour = Math.floor(Date.now() / 1000) - 3600
    for (const time of [hour, 1]) {
      utimesSync(path, time, time)
      store.put(Buffer.from('once'))
      expect(statSync(path).ino).toBe(ino)
      if (time === hour) expect(statSync(path).mtimeMs).toBe(hour * 1000)
      else expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(60_000)
    }
  })

  it('says what is missing', () => {
    const digest = digestOf('not there')
    expect(store.has(digest)).toBe(false)
    for (const get of [store.read, store.pathOf, store.sizeOf, store.readTree, store.readJson])
      expect(() => get(digest)).toThrow(coded('OBJECT_MISSING'))
  })

  it('never gives out a truncated object or one with a flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), fc.boolean(), (bytes, at, cut) => {
        const damaged = openStore(join(directory, 'damaged'))
        const digest = damaged.put(bytes)
        const path = damaged.pathOf(digest)
        const where = at % bytes.length
        if (cut) truncateSync(path, where)
        else
          writeFileSync(
            path,
            bytes.map((byte, index) => (index === where ? byte ^ (1 << (at % 8)) : byte)),
          )
        expect(() => damaged.read(digest)).toThrow(coded('OBJECT_CORRUPT'))
        writeFileSync(path, bytes)
      }),
      { numRuns: 50 },
    )
  })

  it('takes the empty file a power cut leaves for missing, and mends it', () => {
    const digest = store.put(Buffer.from('cut'))
    truncateSync(store.pathOf(digest), 0)
    expect(store.has(digest)).toBe(false)
    store.put(Buffer.from('cut'))
    expect(store.read(digest).toString()).toBe('cut')
    expect(store.has(store.put(Buffer.alloc(0)))).toBe(true)
  })

  it('stores a stream, and nothing of a stream that is not what was expected or breaks off', async () => {
    const digest = digestOf('abcdef')
    expect(await store.putStream(chunks('abc', '', 'def'), digest)).toEqual({ digest, size: 6 })
    expect(store.read(digest).toString()).toBe('abcdef')
    await expect(store.putStream(chunks('wrong'), digest)).rejects.toThrow(coded('STORE_DIGEST_MISMATCH'))
    expect(store.has(digestOf('wrong'))).toBe(false)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('the network went away')
    }
    await expect(store.putStream(broken())).rejects.toThrow('the network went away')
    expect(strays(store.directory)).toEqual([])
  })

  it('mends an object that has rotted, by a stream of the right bytes', async () => {
    const digest = store.put(Buffer.from('sound'))
    writeFileSync(store.pathOf(digest), 'worse')
    expect(() => store.read(digest)).toThrow(coded('OBJECT_CORRUPT'))
    await store.putStream(chunks('sound'), digest)
    expect(store.read(digest).toString()).toBe('sound')
  })

  it('keeps JSON in canonical form', () => {
    const digest = store.putJson({ b: [1], a: 'é', none: undefined })
    expect(digest).toBe(digestOf('{"a":"é","b":[1]}'))
    expect(store.readJson(digest)).toEqual({ a: 'é', b: [1] })
    expect(() => store.readJson(store.put(Buffer.from('{')))).toThrow(coded('JSON_INVALID'))
    expect(() => store.putJson({ half: 0.5 })).toThrow(TypeError)
  })

  it('removes what a dead process left, and nothing fresh', () => {
    const base = join(directory, 'swept')
    openStore(base)
    for (const name of ['.tmp-1-old', '.tmp-1-new']) writeFileSync(join(base, 'objects', name), 'x')
    utimesSync(join(base, 'objects/.tmp-1-old'), 1, 1)
    openStore(base)
    expect(strays(base)).toEqual(['.tmp-1-new'])
  })

  it('takes the same objects from several processes at once', async () => {
    const base = join(directory, 'shared')
    const program = fileURLToPath(new URL('testing/put-many.ts', import.meta.url))
    const env = { PATH: '/nowhere' }
    const results = await Promise.all([1, 2, 3].map(() => run([process.execPath, program, base], { env })))
    for (const { stdout } of results) expect(stdout.toString()).toBe(digestOf(Buffer.alloc(10_000, '1999')))
    const shared = openStore(base)
    for (let index = 0; index < 2000; index++) shared.read(digestOf(Buffer.alloc(10_000, String(index))))
    expect(strays(base)).toEqual([])
  })
})

it('holds whole objects only after its writers were killed at any moment', async () => {
  const base = join(directory, 'killed')
  const program = fileURLToPath(new URL('testing/put-many.ts', import.meta.url))
  for (const after of [0, 5, 20, 40, 80, 160]) {
    const child = spawn(process.execPath, [program, base], { env: {}, stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = once(child, 'exit')
    // From its first object on: how long a process takes to start says nothing.
    await once(child.stderr, 'data')
    await setTimeout(after)
    child.kill('SIGKILL')
    await ended
  }
  const store = openStore(base)
  let objects = 0
  for (const folder of readdirSync(join(base, 'objects'))) {
    if (folder.startsWith('.tmp-')) continue
    for (const rest of readdirSync(join(base, 'objects', folder))) {
      store.read(`sha256:${folder}${rest}`)
      objects++
    }
  }
  expect(objects).toBeGreaterThan(0)
})

describe('notes', () => {
  const base = join(directory, 'notes')
  const store = openStore(base)

  it('come back, also in another process, and can be overwritten', () => {
    expect(store.recall('unpacked/aa')).toBe(undefined)
    store.remember('unpacked/aa', 'one')
    store.remember('unpacked/aa', 'two\nlines')
    expect(openStore(base).recall('unpacked/aa')).toBe('two\nlines')
    expect(store.recall('unpacked/aa/below')).toBe(undefined)
  })

  it.each(['', '/etc/passwd', '../x', 'a/../b', 'a//b', 'a/', '.hidden', 'a b', 'a\0'])('refuse the key %j', (key) => {
    expect(() => store.remember(key, 'x')).toThrow(coded('NOTE_KEY_INVALID'))
    expect(() => store.recall(key)).toThrow(coded('NOTE_KEY_INVALID'))
  })

  it('are believed after a reboot only when they were flushed', async () => {
    store.remember('settled', 'x')
    await store.flush()
    store.remember('unsettled', 'y')
    const rebooted = openNotes(base, 'another boot')
    expect(rebooted.recall('settled')).toBe('x')
    expect(rebooted.recall('unsettled')).toBe(undefined)
    expect(store.recall('unsettled')).toBe('y')
    expect(readFileSync(join(base, 'notes/settled'), 'utf8')).toBe('settled\nx')
  })

  it('of another process that is dead are settled by whoever reads and flushes them', async () => {
    openStore(base).remember('orphan', 'z')
    const reader = openStore(base)
    expect(reader.recall('orphan')).toBe('z')
    await reader.flush()
    expect(openNotes(base, 'another boot').recall('orphan')).toBe('z')
  })
})

const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot)('a full disk (skipped unless root, because it mounts a small tmpfs)', () => {
  const small = join(directory, 'small')
  const unmount: (() => Promise<unknown>)[] = []
  // Registered after the directory's removal, hence run before it.
  afterAll(async () => {
    for (const end of unmount) await end()
  })

  it('is DISK_FULL, leaves nothing behind, and the store works on once there is room', async () => {
    mkdirSync(small)
    await run(['mount', '-t', 'tmpfs', '-o', 'size=1m,nr_inodes=400', 'none', small])
    unmount.push(() => run(['umount', small]))
    const store = openStore(small)
    const kept = store.put(Buffer.alloc(300_000, 1))
    const big = Buffer.alloc(900_000, 2)
    expect(() => store.put(big)).toThrow(coded('DISK_FULL'))
    await expect(store.putStream(chunks('x'.repeat(900_000)))).rejects.toThrow(coded('DISK_FULL'))
    expect(strays(small)).toEqual([])
    expect(store.has(digestOf(big))).toBe(false)
    expect(store.read(kept).length).toBe(300_000)
    const made: string[] = []
    expect(() => {
      for (let index = 0; index < 500; index++) made.push(store.put(Buffer.from(`inode ${index}`)))
    }).toThrow(coded('DISK_FULL'))
    expect(() => store.remember('note', 'x')).toThrow(coded('DISK_FULL'))
    expect(strays(small)).toEqual([])
    await run(['rm', '-r', dirname(store.pathOf(digestOf('inode 0')))])
    expect(store.read(store.put(Buffer.from('room again'))).toString()).toBe('room again')
  })
})
