import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileGlobs } from '@holotype/base'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readOverrides } from './overrides.ts'
import { previewRun } from './preview.ts'
import { readStatus } from './status.ts'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { makeWorld, type Sketch, type World } from './testing/world.ts'
import { verifyRoot } from './verify.ts'

const FIRST: Sketch = {
  'etc/motd': 'one\n',
  'etc/hosts': '127.0.0.1 localhost\n',
  'srv/app/main': 'main 1',
  'srv/app/data/default': 'of the image',
}
const SECOND: Sketch = { ...FIRST, 'etc/motd': 'two\n', 'srv/app/main': 'main 2', 'srv/app/data/default': 'newer' }

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

const write = (text: string | Buffer) => {
  mkdirSync(world.state, { recursive: true })
  writeFileSync(join(world.state, 'overrides'), text)
}
const at = (path: string) => join(world.root, path)

describe('a node with overrides', () => {
  beforeEach(async () => {
    await world.publish(1, await world.image(FIRST))
    await world.enrol()
    await world.run()
  })

  test('leaves what they keep as it is, from image to image, and says so', async () => {
    writeFileSync(at('etc/motd'), 'ours\n')
    writeFileSync(at('srv/app/data/own'), 'x')
    unlinkSync(at('srv/app/data/default'))
    // Who reads it is told by the time of the last reading.
    chmodSync(at('etc/motd'), 0o600)
    const untouched = statSync(at('etc/motd'), { bigint: true })
    write('# until Friday\n\nkeep /etc/motd\twe try another text\r\nkeep /srv/*/data/** the data of the pilot\n')
    const next = await world.image(SECOND)
    await world.publish(2, next)

    const changed = (await previewRun({ state: world.state, now: () => world.clock.now })).changes
    expect(changed.filter(({ kinds }) => kinds.join() !== 'mtime').map(({ path }) => path)).toEqual(['/srv/app/main'])
    const { outcome, report } = await world.run()
    expect(outcome).toBe('converged')
    expect(report).toMatchObject({
      repairedCount: 0,
      overrides: [
        { glob: '/etc/motd', reason: 'we try another text' },
        { glob: '/srv/*/data/**', reason: 'the data of the pilot' },
      ],
    })
    expect(world.server.reports.at(-1)?.overrides).toHaveLength(2)
    expect(world.server.checkins.at(-1)?.flags).toEqual(['overrides'])
    expect(readStatus(world.state).overrides).toEqual(report?.overrides)

    const after = statSync(at('etc/motd'), { bigint: true })
    expect([after.ino, after.mode, after.ctimeNs, after.atimeNs]).toEqual([
      untouched.ino,
      untouched.mode,
      untouched.ctimeNs,
      untouched.atimeNs,
    ])
    expect(readFileSync(at('etc/motd'), 'utf8')).toBe('ours\n')
    expect(readFileSync(at('srv/app/data/own'), 'utf8')).toBe('x')
    expect(() => statSync(at('srv/app/data/default'))).toThrow('ENOENT')
    expect(readFileSync(at('srv/app/main'), 'utf8')).toBe('main 2')
    const verified = await verifyRoot({ state: world.state, now: () => world.clock.now })
    expect(verified.differences).toEqual([])
    expect((await world.run()).outcome).toBe('unchanged')

    // Without them the same statement is looked at again, and all is the image's.
    unlinkSync(join(world.state, 'overrides'))
    const without = await world.run()
    expect(without.report?.repaired).toEqual(['/etc/motd', '/srv/app/data/default', '/srv/app/data/own'])
    expect(without.report?.overrides).toBeUndefined()
    expect(world.server.checkins.at(-1)?.flags).toEqual([])
    expect(describeRoot(world.root)).toEqual(describeImage(world.store, next.image))
  })

  test('that are malformed changes nothing, says where, once, and goes on when they are mended', async () => {
    const next = await world.image(SECOND)
    await world.publish(2, next)
    write('keep /etc/hosts fine\nkeep etc/motd why\n')
    const before = describeRoot(world.root)
    const { outcome, error } = await world.run()
    expect([outcome, error?.code]).toEqual(['failed', 'AGENT_OVERRIDES_MALFORMED'])
    expect(error?.message).toContain(`${join(world.state, 'overrides')}:2:6: here must be a glob of absolute paths`)
    expect(describeRoot(world.root)).toEqual(before)
    const told = world.server.reports.length
    await world.run()
    expect(world.server.reports).toHaveLength(told)
    expect(world.server.checkins.at(-1)?.flags).toEqual(['failed'])
    expect(readStatus(world.state).overrides).toEqual([])
    write('keep /etc/hosts fine\n')
    expect((await world.run()).error).toBeUndefined()
    expect(readFileSync(at('etc/motd'), 'utf8')).toBe('two\n')
  })

  test('are looked at when only they have changed', async () => {
    rmSync(at('srv/app'), { recursive: true })
    write('keep /srv/app taken over by the pilot\n')
    const { outcome, report } = await world.run()
    expect([outcome, report?.changed.written]).toEqual(['converged', 0])
    expect(report?.overrides).toHaveLength(1)
  })
})

const long = `/${'a'.repeat(1100)}`
test.each([
  ['drop /etc/motd why', ':1:1: here must be `keep GLOB REASON`'],
  [' keep /etc/motd why', ':1:1: here must be `keep'],
  ['keep', ':1:5: here must be a glob of absolute paths'],
  ['keep /etc/motd', ':1:15: here must be a reason'],
  ['\n# x\nkeep  etc/motd why', ':3:7: here must be a glob of absolute paths'],
  ['keep / all', ':1:6: here must be a glob without empty parts'],
  ['keep /etc/ x', ':1:6: here must be a glob without empty parts'],
  ['keep /etc/../srv x', ':1:6: here must be a glob without empty parts'],
  [`keep ${long} x`, ':1:6: here must be a glob of at most 1024'],
  [`keep /${'x/'.repeat(70)}x x`, ':1:6: here must be a glob of at most 1024 characters and 64 parts'],
  ['keep /srv/**/a/**/b/**/* x', ':1:6: here must be a glob with at most 3 of * and **'],
  ['keep /srv/*a*a*a*b x', ':1:6: here must be a glob with at most 3 of * and **'],
  ['keep /srv/*** x', ':1:6: here must be a glob in which ** is a whole part'],
  ['keep /srv/a** x', ':1:6: here must be a glob in which ** is a whole part'],
  ['keep /** x', ':1:6: here must be a glob that leaves the agent itself'],
  ['keep /usr x', ':1:6: here must be a glob that leaves the agent itself'],
  ['keep /usr/bin/* x', ':1:6: here must be a glob that leaves the agent itself'],
  ['keep /usr/lib/holotype/** x', ':1:6: here must be a glob that leaves the agent itself'],
  [`keep /etc/motd ${'y'.repeat(201)}`, ':1:16: here must be at most 200 characters'],
  ['keep /etc/motd a\u0007b', ':1:17: here must be text in UTF-8'],
  [Buffer.from([...Buffer.from('keep /etc/'), 0xff, ...Buffer.from(' x')]), ':1:11: here must be text in UTF-8'],
  ['keep /etc/motd x\n'.repeat(101), ':101:1: here must be at most 100 overrides'],
  [Buffer.alloc(70_000, '#'), ':1:1: here must be a file of at most 65536 bytes'],
])('%# a malformed file is refused by its place: %j', (text, where) => {
  write(text)
  expect(() => readOverrides(world.state)).toThrow(`${join(world.state, 'overrides')}${where}`)
})

test('a directory in the place of the file is refused', () => {
  mkdirSync(join(world.state, 'overrides'), { recursive: true })
  expect(() => readOverrides(world.state)).toThrow(':1:1: here must be a file')
})

test('law: whatever the file holds, it is refused by a place within it, or keeps nothing of the agent', () => {
  const word = fc.constantFrom('keep', '/', '/etc', '**', '*', '?', '..', ' ', '\t', '#', 'a', '/usr/bin', '(x)', '\\')
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ unit: 'binary' }), fc.constant('\n'))), (words) => {
      const text = words.join('')
      write(text)
      try {
        for (const { glob } of readOverrides(world.state).kept)
          expect(compileGlobs([glob])('/usr/bin/holotype-agent')).toBe(false)
      } catch (error) {
        const [, line, column] = /overrides:([0-9]+):([0-9]+): here must be /.exec(String(error)) ?? []
        const found = text.split('\n')[Number(line) - 1]
        expect(Number(column)).toBeLessThanOrEqual((found?.length ?? -1) + 1)
      }
    }),
  )
})

test.each(['/**/a/**/*b', '/**/*a*b', '/*a*a*b', '/**/*a/*b'])('the most hostile names do not hold %s up', (glob) => {
  const covered = compileGlobs([glob])
  const names = [`/${'a/'.repeat(500)}${'a'.repeat(250)}`, `/${'a'.repeat(250)}`.repeat(16)]
  const start = process.cpuUsage()
  for (const name of names) expect(covered(name)).toBe(false)
  // 0.1 s and less; one wildcard more can take minutes.
  expect(process.cpuUsage(start).user).toBeLessThan(5_000_000)
})
