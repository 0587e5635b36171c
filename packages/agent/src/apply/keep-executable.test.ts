import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { agentCommandBy } from '../testing/agent-command.ts'
import { makeTwoRoots } from '../testing/two-roots.ts'
import { makeWorld } from '../testing/world.ts'

/** Runs the agent by an executable that lies in a root, and gives its exit code with what it wrote. */
async function runBy(executable: string, state: string): Promise<readonly [code: number | null, words: string]> {
  mkdirSync(dirname(executable), { recursive: true })
  const [program, ...args] = agentCommandBy(executable)
  const child = spawn(program, [...args, 'run', '--state', state])
  let words = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words += chunk.toString()))
  return [await new Promise<number | null>((resolve) => child.on('close', resolve)), words]
}

const WITHOUT = { 'etc/a': 'of the image', 'usr/bin': null } as const

test('an image without the agent is refused by an agent of the root before anything is changed', {
  timeout: 60_000,
}, async () => {
  await using world = await makeWorld()
  world.clock.now = Date.now()
  const executable = join(world.root, 'usr/bin/holotype-agent')
  await world.publish(1, await world.image(WITHOUT))
  await world.enrol()
  const [code, words] = await runBy(executable, world.state)
  expect(code).toBe(4)
  expect(words).toContain('AGENT_NOT_IN_IMAGE')
  expect([existsSync(executable), existsSync(join(world.root, 'etc/a'))]).toEqual([true, false])
  expect(world.server.reports.at(-1)?.error?.code).toBe('AGENT_NOT_IN_IMAGE')

  // One that the image leaves alone stays.
  await world.publish(2, await world.image(WITHOUT, { exclusions: ['/usr/bin/**'] }))
  expect(await runBy(executable, world.state)).toEqual([0, expect.stringContaining('converged')])
  // As does one that is elsewhere, where the image has it at its own place.
  const elsewhere = join(world.root, 'opt/agent')
  await world.publish(3, await world.image({ ...WITHOUT, 'usr/bin/holotype-agent': 'of the image' }))
  expect(await runBy(elsewhere, world.state)).toEqual([0, expect.stringContaining('converged')])
  expect([existsSync(elsewhere), readFileSync(executable, 'utf8')]).toEqual([false, 'of the image'])
  // The one before, which runs where the installed one is broken, is no agent to stay with.
  await world.publish(4, await world.image(WITHOUT))
  expect(await runBy(join(world.state, 'previous-agent'), world.state)).toEqual([
    4,
    expect.stringContaining('AGENT_NOT_IN_IMAGE'),
  ])
})

test('of two roots the other one gets no image without the agent that runs', { timeout: 60_000 }, async () => {
  await using node = await makeTwoRoots()
  const { world, a, b } = node
  world.clock.now = Date.now()
  await world.publish(1, await world.image(WITHOUT, { exclusions: ['/usr/bin/*'] }))
  expect((await world.run()).outcome).toBe('prepared')
  node.boot()
  await world.publish(2, await world.image({ ...WITHOUT, 'etc/b': 'new' }, { exclusions: ['/usr/bin/*'] }))
  const [code, words] = await runBy(join(a, 'usr/bin/holotype-agent'), world.state)
  expect(code).toBe(4)
  expect(words).toContain('AGENT_NOT_IN_IMAGE')
  expect([existsSync(join(b, 'etc/b')), node.next()]).toEqual([false, a])
})
