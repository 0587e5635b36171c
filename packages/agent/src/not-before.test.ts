import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { previewRun } from './preview.ts'
import { makeWorld } from './testing/world.ts'

test('a rollout that begins later leaves a node where it is, which says so; then it goes', async () => {
  await using world = await makeWorld()
  const motd = () => readFileSync(join(world.root, 'etc/motd'), 'utf8')
  const [one, two] = [await world.image({ 'etc/motd': 'one' }), await world.image({ 'etc/motd': 'two' })]
  await world.publish(1, one)
  await world.enrol()
  await world.run()
  const hour = 3_600_000
  const notBefore = new Date(world.clock.now + hour).toISOString().replace(/\.\d+Z$/, 'Z')
  const waves = [{ name: 'all', select: {}, share: 10_000, open: true }]
  await world.publish(2, one, { next: two, rollout: { id: 'web-2', waves, notBefore } })
  for (const outcome of ['converged', 'unchanged'])
    expect(await world.run()).toMatchObject({ outcome, image: one.image, statement: 2, waitsUntil: notBefore })
  const preview = await previewRun({ state: world.state, now: () => world.clock.now })
  expect(preview).toMatchObject({ to: one.image, changes: [], waitsUntil: notBefore })
  expect(motd()).toBe('one')
  world.clock.now += hour
  const gone = await world.run()
  expect(gone).toMatchObject({ outcome: 'converged', image: two.image, statement: 2 })
  expect(gone.waitsUntil).toBeUndefined()
  expect(motd()).toBe('two')
})
