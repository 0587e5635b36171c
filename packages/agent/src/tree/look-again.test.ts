import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { STAT_SETTLE_MS } from '../limits.ts'
import { isRoot, makeWorld, type World } from '../testing/world.ts'
import { describeRoot } from '../testing/tree-text.ts'

let world: World
const at = (path: string) => join(world.root, path)
const kept = () => join(world.state, 'kept')
const marks = isRoot && spawnSync('setfattr', ['--version']).status === 0
const EXCLUSIONS = ['/var/log/**', '/srv/mine']
const SKETCH = {
  'bin/tool': 'tool',
  'bin/other': 'other',
  'bin/link': ['tool'],
  'etc/name': 'node',
  'etc/deep/er/file': 'deep',
  empty: null,
  'var/log': null,
  'srv/given': 'given',
} as const

/** What the image has a say in: times of directories with what is excluded are not its. */
const held = () =>
  describeRoot(world.root, (path) => path.startsWith('/var/log/') || path === '/srv/mine').filter(
    (line) => !/^\/(srv|var\/log) /.test(line),
  )

/** A node that has looked at every path and found nothing to do, long enough after the last change. */
beforeEach(async () => {
  world = await makeWorld()
  await world.enrol()
  await world.publish(1, await world.image(SKETCH, { exclusions: EXCLUSIONS }))
  await world.run()
  await settled()
})
afterEach(() => world[Symbol.asyncDispose]())

async function settled(): Promise<void> {
  await wait(STAT_SETTLE_MS * 2)
  world.clock.now = Date.now()
  expect((await world.run({ verify: true })).outcome).toBe('converged')
}

/** Without the image's trees only a look that does not need them asks no mirror. */
async function looksWithoutTheImage(): Promise<boolean> {
  for (const name of readdirSync(kept())) {
    const path = join(kept(), name)
    if (readFileSync(path, 'utf8').startsWith('{"entries":[')) rmSync(path)
  }
  world.mirror.asked.length = 0
  const { outcome, report } = await world.run({ verify: true })
  expect([outcome, report]).toEqual(['converged', undefined])
  return !world.mirror.asked.some((path) => path.startsWith('/objects/'))
}

test('a look at a root that is as it was left needs stats alone', async () => {
  expect(await looksWithoutTheImage()).toBe(true)
})

test('the look that comes after a sync does too', async () => {
  await world.publish(
    2,
    await world.image({ ...SKETCH, 'bin/tool': 'newer', 'etc/more': 'more' }, { exclusions: EXCLUSIONS }),
  )
  unlinkSync(at('bin/other'))
  writeFileSync(at('etc/extra'), 'not of the image')
  // This clock stands still: what is written in the run is to be old for it.
  await wait(STAT_SETTLE_MS * 2)
  world.clock.now = Date.now() + 60_000
  await world.run()
  expect(await looksWithoutTheImage()).toBe(true)
})

test('what comes and goes where exclusions reach is no reason to compare', async () => {
  writeFileSync(at('var/log/syslog'), 'line')
  mkdirSync(at('srv/mine'))
  expect(await looksWithoutTheImage()).toBe(true)
  writeFileSync(at('srv/mine/file'), 'mine')
  rmSync(at('var/log/syslog'))
  expect(await looksWithoutTheImage()).toBe(true)
})

/** Changes the content, and puts back what a program can: size and mtime. */
function forge(path: string): void {
  const { atimeMs, mtimeMs, size } = lstatSync(path)
  writeFileSync(path, 'x'.repeat(size))
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000)
}

describe('is seen and mended', () => {
  test.each<readonly [string, () => void]>([
    ['content with the size and mtime it had', () => forge(at('bin/tool'))],
    ['a mode', () => chmodSync(at('etc/name'), 0o600)],
    ['a mode of a directory', () => chmodSync(at('etc/deep'), 0o700)],
    ['a mode of a directory that holds what is excluded', () => chmodSync(at('srv'), 0o700)],
    ['a file that is gone', () => unlinkSync(at('etc/deep/er/file'))],
    ['a file too many', () => writeFileSync(at('etc/deep/more'), '')],
    ['a file too many in a directory that was empty', () => writeFileSync(at('empty/more'), '')],
    ['a file too many beside what is excluded', () => writeFileSync(at('srv/more'), '')],
    ['another name of a file', () => linkSync(at('bin/tool'), at('srv/mine'))],
    [
      'two files that changed places',
      () => {
        renameSync(at('bin/tool'), at('bin/third'))
        renameSync(at('bin/other'), at('bin/tool'))
        renameSync(at('bin/third'), at('bin/other'))
      },
    ],
    [
      'a link that leads elsewhere',
      () => {
        unlinkSync(at('bin/link'))
        symlinkSync('loot', at('bin/link'))
      },
    ],
    [
      'a directory that became a link',
      () => {
        renameSync(at('etc/deep'), at('var/log/deep'))
        symlinkSync('/var/log/deep', at('etc/deep'))
      },
    ],
    [
      'a file in the place of a directory',
      () => {
        rmSync(at('empty'), { recursive: true })
        writeFileSync(at('empty'), '')
      },
    ],
  ])('%s', async (_, change) => {
    const before = held()
    change()
    world.clock.now = Date.now()
    const { outcome, report } = await world.run({ verify: true })
    expect([outcome, report?.repairedCount ?? 0]).not.toEqual(['converged', 0])
    for (const excluded of ['srv/mine', 'var/log/deep']) rmSync(at(excluded), { recursive: true, force: true })
    expect(held()).toEqual(before)
    await settled()
    expect(await looksWithoutTheImage()).toBe(true)
  })

  test.skipIf(!marks)(
    'an attribute of a directory in which excluded files come and go (needs root and setfattr)',
    async () => {
      spawnSync('setfattr', ['-n', 'trusted.mark', '-v', '1', at('srv')])
      const { report } = await world.run({ verify: true })
      expect(report?.repaired).toEqual(['/srv'])
    },
  )

  test('what lies where an override ends', async () => {
    writeFileSync(join(world.state, 'overrides'), 'keep /etc/kept until the audit\n')
    writeFileSync(at('etc/kept'), 'kept')
    await settled()
    expect(await looksWithoutTheImage()).toBe(true)
    rmSync(join(world.state, 'overrides'))
    await world.run({ verify: true })
    expect(existsSync(at('etc/kept'))).toBe(false)
  })
})
