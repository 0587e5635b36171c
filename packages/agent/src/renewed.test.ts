import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeWorld, type World } from './testing/world.ts'

/* A statement that repeats another one with a later expiry: for nodes nothing has been said. */

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

test('a node at its image stays there without a look, and knows the repeated statement for the one it obeyed', async () => {
  const one = await world.image({ 'etc/motd': 'one' })
  await world.publish(1, one)
  await world.enrol()
  expect((await world.run()).outcome).toBe('converged')
  const { reports } = world.server
  writeFileSync(join(world.root, 'etc/motd'), 'drifted')
  for (const number of [2, 3]) {
    await world.publish(number, one, { renews: 1 })
    expect(await world.run()).toMatchObject({ outcome: 'unchanged', statement: 1 })
  }
  expect(reports).toHaveLength(1)
  await world.publish(4, one)
  expect(await world.run()).toMatchObject({ outcome: 'converged', statement: 4 })
})

test('a node that went back from an image does not try it again because the statement was renewed', async () => {
  const ill = { units: [], ports: [], http: [], grace: 0, commands: [{ run: ['/bin/false'], timeout: 5 }] }
  const one = await world.image({ 'etc/motd': 'one' })
  const two = await world.image({ 'etc/motd': 'two' }, { health: ill })
  await world.publish(1, one)
  await world.enrol()
  await world.run()
  await world.publish(2, two)
  expect(await world.run()).toMatchObject({ outcome: 'rolled-back', image: one.image })
  await world.publish(3, two, { renews: 2 })
  expect(await world.run()).toMatchObject({ outcome: 'unchanged', image: one.image, statement: 2 })
  expect(world.server.checkins.at(-1)?.flags).toContain('rolled-back')
  await world.publish(4, two)
  expect(await world.run()).toMatchObject({ outcome: 'rolled-back', image: one.image })
})

test('one that repeats what the node has left behind is refused', async () => {
  const [one, two] = [await world.image({ 'etc/motd': 'one' }), await world.image({ 'etc/motd': 'two' })]
  await world.publish(1, one)
  await world.enrol()
  await world.run()
  await world.publish(2, two)
  await world.run()
  await world.publish(3, one, { renews: 1 })
  expect(await world.run()).toMatchObject({
    outcome: 'failed',
    image: two.image,
    error: { code: 'AGENT_STATEMENT_OLD' },
  })
})
