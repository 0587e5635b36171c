import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChannelTarget } from '@holotype/trust'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hold } from './held.ts'
import { previewRun } from './preview.ts'
import { agentCommand } from './testing/agent-command.ts'
import { describeRoot } from './testing/tree-text.ts'
import { makeWorld, type World } from './testing/world.ts'
import { verifyRoot } from './verify.ts'

let world: World
let two: ChannelTarget

const TRIGGERS = [
  { name: 'reload', paths: ['/etc/**'], run: ['/bin/true'], when: 'after', timeout: 5 },
  { name: 'drain', paths: ['/bin/**'], run: ['/bin/true'], when: 'before', timeout: 5 },
  { name: 'never', paths: ['/opt/**'], run: ['/bin/true'], when: 'after', timeout: 5 },
] as const

beforeEach(async () => {
  world = await makeWorld()
  const big = 'x'.repeat(100_000)
  const one = await world.image(
    { 'bin/tool': 'one', 'etc/conf': 'a', 'lib/old': 'gone soon', 'lib/stays': big },
    { owners: { 'package:old': ['/lib/old'], 'package:tool': ['/bin/tool'] } },
  )
  two = await world.image(
    { 'bin/tool': 'two!', 'etc/conf': 'b', 'lib/moved': big },
    { owners: { 'package:tool': ['/bin/tool'], spec: ['/etc/conf'] }, triggers: TRIGGERS },
  )
  await world.publish(1, one)
  await world.enrol()
  await world.run()
  await world.publish(2, two)
})
afterEach(() => world[Symbol.asyncDispose]())

const preview = () => previewRun({ state: world.state, now: () => world.clock.now })

test('a dry run says what the run then does, by path and owner, with bytes and triggers', async () => {
  const before = describeRoot(world.root)
  const claims = readFileSync(join(world.state, 'state.json'), 'utf8')
  const checkins = world.server.checkins.length
  const said = await preview()
  expect(said).toMatchObject({
    to: two.image,
    changes: [
      { path: '/bin/tool', change: 'write', kinds: ['content'], bytes: 4, owner: 'package:tool' },
      { path: '/etc/conf', change: 'write', bytes: 1, owner: 'spec' },
      { path: '/lib/moved', change: 'write', kinds: ['missing'], bytes: 100_000 },
      { path: '/lib/old', change: 'remove', kinds: ['extra'], owner: 'package:old' },
      { path: '/lib/stays', change: 'remove' },
    ],
    // What the root has under another name is written and not fetched.
    bytesToWrite: 100_005,
    triggers: { before: ['drain'], after: ['reload'] },
    drift: [],
    held: null,
  })
  expect(said.bytesToFetch).toBeLessThan(1000)
  expect(describeRoot(world.root)).toEqual(before)
  expect(readFileSync(join(world.state, 'state.json'), 'utf8')).toBe(claims)
  expect(world.server.checkins.length).toBe(checkins)

  const { report } = await world.run()
  expect(report).toMatchObject({ changed: { written: 3, removed: 2 } })
  expect(report?.triggers.map(({ name }) => name)).toEqual(['drain', 'reload'])
  expect(await preview()).toMatchObject({ changes: [], bytesToFetch: 0, bytesToWrite: 0 })
})

test('says that the node is held, and which drift a run would repair', async () => {
  writeFileSync(join(world.root, 'bin/tool'), 'mine')
  hold(world.state, { reason: 'looking', since: '2026-11-21T06:00:00Z' })
  expect(await preview()).toMatchObject({ held: { reason: 'looking' }, drift: ['/bin/tool'] })
})

test('drift is reported and verified with whose it is', async () => {
  await world.run()
  writeFileSync(join(world.root, 'bin/tool'), 'mine')
  writeFileSync(join(world.root, 'bin/stray'), 'nobody’s')
  const { differences } = await verifyRoot({ state: world.state, now: () => world.clock.now })
  expect(differences.map(({ path, owner }) => [path, owner])).toEqual([
    ['/bin', undefined],
    ['/bin/stray', undefined],
    ['/bin/tool', 'package:tool'],
  ])
  const { report } = await world.run({ verify: true })
  expect(report).toMatchObject({
    repaired: ['/bin/stray', '/bin/tool'],
    repairedOwners: { '/bin/tool': 'package:tool' },
  })
  // Kept now: the next look needs no network for it.
  world.mirror.lie = () => 'missing'
  rmSync(join(world.root, 'bin/tool'))
  const again = await verifyRoot({ state: world.state, now: () => world.clock.now })
  expect(again.differences).toContainEqual({ path: '/bin/tool', kinds: ['missing'], owner: 'package:tool' })
})

const noStrace = spawnSync('strace', ['--version']).status !== 0

test.skipIf(noStrace)(
  `the program changes nothing outside the state directory${noStrace ? ' (skipped, because: no strace)' : ''}`,
  { timeout: 30_000 },
  async () => {
    const log = join(world.directory, 'strace')
    const calls = 'trace=%file,ftruncate,fchmod,fchown,mknodat'
    const argv = ['-f', '-qq', '-e', calls, '-e', 'signal=none', '-o', log, ...agentCommand]
    const child = spawn('strace', [...argv, 'run', '--dry-run', '--state', world.state], {
      stdio: 'ignore',
      // Where it keeps compiled sources unless it is told otherwise.
      env: { ...process.env, NODE_COMPILE_CACHE: join(world.state, 'compile-cache') },
    })
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
    const changing =
      /\b(rename|renameat2?|unlink|unlinkat|mkdir|mkdirat|rmdir|link|linkat|symlink|symlinkat|chmod|fchmodat2?|lchown|chown|fchownat|utimensat|truncate|mknod|mknodat|setxattr|lsetxattr)\(|O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/
    const lines = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => changing.test(line) && !/ = -1 E/.test(line))
    const elsewhere = lines.filter((line) => !line.includes(`"${world.state}`) && !/"\/(proc|dev)\//.test(line))
    expect(lines.length).toBeGreaterThan(0)
    expect(elsewhere).toEqual([])
  },
)
