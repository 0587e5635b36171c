import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NICE_AFTER_BYTES, NICENESS } from '../limits.ts'
import { isRoot, makeWorld, type World } from '../testing/world.ts'

/** Whether the kernel shares the processor among sessions first. */
const hasSessions = existsSync('/proc/self/autogroup')
/** Policies in the 41st field of a stat (proc(5)). */
const [SCHED_OTHER, SCHED_IDLE] = ['0', '5']
const MIB = 1024 * 1024
/** Limits that are never reached, whatever else this machine does. */
const NEVER = { cpu: 100, io: 100, memory: 100 }

/** Milliseconds of a run onto an image of 4 MiB that do not compress. */
async function timeOf(world: World, number: number, settings: { image: object; node: object; throttled?: boolean }) {
  const image = await world.image({ big: randomBytes(4 * MIB) }, { throttle: { pressure: NEVER, ...settings.image } })
  await world.publish(number, image)
  const path = join(world.state, 'config.json')
  const config: unknown = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify(Object.assign({}, config, { throttle: { pressure: {}, ...settings.node } })))
  const start = performance.now()
  const { outcome } = await world.run({ throttled: settings.throttled ?? true })
  expect(outcome).toBe('converged')
  return performance.now() - start
}

test("a run keeps to its image's rates, and to the node's before them", async () => {
  await using world = await makeWorld()
  await world.publish(1, await world.image({ a: 'one' }))
  await world.enrol()
  await world.run()
  // 4 MiB at 2 MiB/s, less what may come at once.
  expect(await timeOf(world, 2, { image: { network: 2 * MIB }, node: {} })).toBeGreaterThan(1850)
  expect(await timeOf(world, 3, { image: { network: MIB }, node: { network: 64 * MIB } })).toBeLessThan(3800)
  expect(await timeOf(world, 4, { image: { disk: 2 * MIB }, node: {} })).toBeGreaterThan(1850)
  expect(await timeOf(world, 5, { image: { disk: MIB }, node: {}, throttled: false })).toBeLessThan(3800)
})

test('a throttle that is none does not let the agent run', async () => {
  await using world = await makeWorld()
  await world.publish(1, await world.image({ a: 'one' }, { throttle: { network: 1 } }))
  await world.enrol()
  expect((await world.run()).error?.code).toBe('AGENT_OBJECT_MALFORMED')
})

test.skipIf(!isRoot || !hasSessions)(
  'a process is nice after many bytes with all its threads and its session, takes what is left, and not where names change',
  () => {
    const script = `
    import { readdirSync, readFileSync } from 'node:fs'
    import { getPriority } from 'node:os'
    import { atFullSpeed, pass, startThrottle } from ${JSON.stringify(join(import.meta.dirname, 'this-process.ts'))}
    const session = () => Number(readFileSync('/proc/self/autogroup', 'utf8').split(' ').at(-1))
    const threads = () => [...new Set(readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread))))]
    const policies = () =>
      [...new Set(readdirSync('/proc/self/task').map((thread) => readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ').at(-1).split(' ')[38]))]
    const look = () => [threads(), session(), policies()]
    const seen = []
    {
      using throttle = startThrottle(['/'], {})
      pass('read', ${NICE_AFTER_BYTES - 1})
      seen.push(look())
      pass('read', 1)
      seen.push(look())
      {
        using speed = atFullSpeed()
        seen.push(look())
      }
      seen.push(look())
    }
    console.log(JSON.stringify([...seen, look()]))`
    const { stdout } = spawnSync('setsid', ['--wait', process.execPath, '--input-type=module', '-e', script])
    const [usual, nice] = [
      [[getPriority()], 0, [SCHED_OTHER]],
      [[NICENESS], NICENESS, [SCHED_IDLE]],
    ]
    expect(JSON.parse(stdout.toString())).toEqual([usual, nice, usual, nice, usual])
  },
)

test.skipIf(!existsSync('/usr/bin/script'))("a session with a terminal keeps its niceness: it is a person's", () => {
  const module = join(import.meta.dirname, 'niceness.ts')
  const program = `import(${JSON.stringify(module)}).then((it) => console.log("session " + it.currentNiceness().session))`
  const command = `'${process.execPath}' -e '${program}'`
  const { stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'])
  expect(stdout.toString()).toContain('session undefined')
})
