import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@holotype/base'
import { expect, test } from 'vitest'
import { agentCommand } from '../testing/agent-command.ts'
import { makeWorld } from '../testing/world.ts'
import { formatEnrolmentToken } from '../token.ts'
import { parseArguments } from './arguments.ts'
import { agentProgram } from './path.ts'

const [PROGRAM, ...BEFORE] = agentCommand

async function agent(...args: string[]): Promise<{ code: number | null; lines: string[]; stderr: string }> {
  const child = spawn(PROGRAM, [...BEFORE, ...args])
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, lines: stdout.split('\n').filter(Boolean), stderr }
}

test.each([
  ['run --once --interval 2s', 'exclude each other'],
  ['run --dry-run --interval 2s', 'exclude each other'],
  ['run --interval 2', 'no time'],
  ['run --intervall 2s', '--interval'],
  ['run --boot --interval 2s', 'exclude each other'],
  ['rescue', '--root is missing'],
  ['sync', 'no verb sync'],
  ['enrol --server x', '--site is missing'],
  ['enrol --server x --site y --token z --roots a', 'wants two directories'],
  ['enrol --server x --site y --token z --roots a,b,c --current d', 'wants two directories'],
  ['enrol --server x --site y --token z --roots a,b', '--current is missing'],
  ['enrol --server x --site y --token z --activate p', 'go with --roots'],
  ['status --state', 'wants a value'],
  ['status --json=1', 'takes no value'],
])('%s is refused with what is wrong', (line, words) => {
  expect(() => parseArguments(line.split(' '), '/s')).toThrow(words)
})

test('arguments are read', () => {
  expect(parseArguments(['run', '--interval=2s', '--verify'], '/s')).toEqual({
    verb: 'run',
    state: '/s',
    interval: 2000,
    verify: true,
    dryRun: false,
    boot: false,
    throttle: true,
  })
  expect(parseArguments(['verify', '--no-throttle'], '/s')).toEqual({ verb: 'verify', state: '/s', throttle: false })
  expect(parseArguments([], '/s')).toEqual({ verb: 'help' })
  expect(
    parseArguments('enrol --server x --site y --token z --roots /a,/b --current /c --activate /p'.split(' '), '/s'),
  ).toEqual({
    ...{ verb: 'enrol', server: 'x', sites: ['y'], token: 'z', root: '/', state: '/s' },
    roots: { directories: ['/a', '/b'], current: '/c', activate: '/p' },
  })
  // The state of a root that does not run is within it.
  expect(parseArguments(['rescue', '--root', '/mnt'], '/var/lib/holotype')).toEqual({
    verb: 'rescue',
    root: '/mnt',
    state: '/mnt/var/lib/holotype',
  })
})

test('a node’s life through the program: enrol, run, status, verify, hold, release', { timeout: 60_000 }, async () => {
  await using world = await makeWorld()
  const target = await world.image({ 'etc/a': 'one', 'usr/b': 'two' })
  await world.publish(1, target)
  // The program has the real clock.
  world.clock.now = Date.now()
  const root = readFileSync(join(world.site, 'trust/1.root.json'))
  const enrol = (secret: string, pin = digestOf(root)) =>
    agent(
      'enrol',
      '--server',
      world.server.url,
      '--site',
      world.mirror.url,
      '--root',
      world.root,
      '--state',
      world.state,
      '--token',
      formatEnrolmentToken({ secret, version: 1, root: pin }),
    )
  const pinned = await enrol('a-secret-that-is-good-once', digestOf('another root'))
  expect([pinned.code, pinned.stderr]).toEqual([5, expect.stringContaining('AGENT_ROOT_PIN')])
  expect(world.server.secrets.size).toBe(1)
  expect((await enrol('a-secret-that-is-good-once')).code).toBe(0)
  expect(statSync(join(world.state, 'key.pem')).mode & 0o777).toBe(0o600)
  expect(statSync(world.state).mode & 0o777).toBe(0o700)
  expect((await enrol('a-secret-that-is-good-once')).code).toBe(4)

  const run = await agent('run', '--once', '--json', '--state', world.state)
  expect(run.code).toBe(0)
  const values = run.lines.map((line): Record<string, unknown> => JSON.parse(line))
  expect(values.some((value) => 'event' in value)).toBe(true)
  expect(values.at(-1)).toMatchObject({ result: { outcome: 'converged', image: target.image } })
  expect((await agent('verify', '--state', world.state)).code).toBe(0)
  writeFileSync(join(world.root, 'etc/a'), 'two')
  const verify = await agent('verify', '--state', world.state)
  expect([verify.code, verify.lines[0]]).toEqual([9, '/etc/a: mtime, content'])
  expect(readFileSync(join(world.root, 'etc/a'), 'utf8')).toBe('two')

  expect((await agent('hold', '--reason', 'looking', '--state', world.state)).code).toBe(0)
  const status = await agent('status', '--json', '--state', world.state)
  expect(JSON.parse(status.lines[0] ?? '')).toMatchObject({
    result: {
      image: target.image,
      held: { reason: 'looking' },
      mirrors: [{ mirror: new URL(world.mirror.url).host, firstByteMs: expect.any(Number), resting: false }],
    },
  })
  expect((await agent('run', '--verify', '--state', world.state)).lines[0]).toContain('held')
  await agent('release', '--state', world.state)
  expect((await agent('run', '--verify', '--state', world.state)).lines[0]).toContain('1 repaired')

  rmSync(join(world.site, 'trust'), { recursive: true })
  const away = await agent('run', '--state', world.state)
  expect([away.code, away.stderr]).toEqual([6, expect.stringMatching(/METADATA_MISSING|AGENT_SITE_UNREACHABLE/)])
})

test('the loop runs until it is told to stop, and ends its run first', async () => {
  await using world = await makeWorld()
  await world.publish(1, await world.image({ 'etc/a': 'one' }))
  await world.enrol()
  const child = spawn(PROGRAM, [...BEFORE, 'run', '--interval', '50ms', '--state', world.state], {
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  while (world.server.checkins.length < 3) await new Promise((resolve) => setTimeout(resolve, 20))
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(statSync(join(world.state, 'lock'), { throwIfNoEntry: false })).toBeUndefined()
})

test('neither a schema library nor OpenPGP nor a server is on its way', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({ resolve: (s, c, next) => { const r = next(s, c); seen.push(r.url); return r } })
    await import(${JSON.stringify(agentProgram.replace('main.ts', 'run-once.ts'))})
    await import(${JSON.stringify(agentProgram.replace('main.ts', 'program/verbs.ts'))})
    console.log(seen.filter((url) => url.includes('node_modules')).join('\\n'))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  const packages = stdout
    .toString()
    .split('\n')
    .filter((url) => url.includes('node_modules') && !url.includes('@holotype'))
  expect(packages).toEqual([])
})

test('--help says what there is', () => {
  expect(execFileSync(PROGRAM, [...BEFORE, '--help']).toString()).toContain('holotype-agent enrol')
})
