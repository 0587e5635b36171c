import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ImageTrigger } from '@holotype/image'
import { expect, test } from 'vitest'
import { isRoot, makeWorld, type Sketch } from './testing/world.ts'
import { dueTriggers, runTrigger } from './triggers.ts'

const trigger = (name: string, paths: readonly string[], run: readonly string[]): ImageTrigger => ({
  name,
  paths,
  run,
  when: 'after',
  timeout: 1,
})

test('a trigger is due when one of its globs covers a changed path', () => {
  const triggers = [
    trigger('web', ['/etc/nginx/**'], ['x']),
    trigger('lib', ['/usr/lib/*.so', '/usr/lib/**/*.so.*'], ['x']),
  ]
  const names = (changed: string[]) => dueTriggers(triggers, changed).map(({ name }) => name)
  expect(names([])).toEqual([])
  expect(names(['/etc/nginx'])).toEqual([])
  expect(names(['/etc/nginx/nginx.conf', '/etc/nginx/mime.types'])).toEqual(['web'])
  expect(names(['/usr/lib/a/libc.so.6', '/etc/nginx/x'])).toEqual(['web', 'lib'])
})

test('what a trigger does wrong is its result, not an error', async () => {
  const results = [
    await runTrigger(trigger('fails', [], ['/bin/sh', '-c', 'echo out; echo err >&2; exit 3']), '/'),
    await runTrigger(trigger('missing', [], ['/no/such/program']), '/'),
    await runTrigger(trigger('hangs', [], ['/bin/sleep', '30']), '/'),
    await runTrigger(trigger('floods', [], ['/bin/sh', '-c', 'yes y | head -c 100000']), '/'),
  ]
  expect(results.map(({ exit }) => exit)).toEqual([3, 127, 124, 0])
  expect(results[0]?.output.split('\n').sort()).toEqual(['err', 'out'])
  expect(results[2]?.milliseconds).toBeLessThan(5000)
  expect(results[3]?.output.length).toBeLessThanOrEqual(4096)
})

/** The host's shell with the libraries it is linked to, for a root that has nothing else. */
function shellFiles(): string[] {
  const listed = execFileSync('ldd', ['/bin/sh'], { encoding: 'utf8' })
  return ['/bin/sh', ...(listed.match(/\/[^ \n]+/g) ?? [])]
}

test.skipIf(!isRoot)(
  'runs in the node’s root, once, for what changed on this node, not on the first install (needs root)',
  async () => {
    await using world = await makeWorld()
    const log = (name: string, when: 'before' | 'after', glob: string): ImageTrigger => ({
      name,
      paths: [glob],
      run: ['/bin/sh', '-c', `read a < /etc/a; echo ${name} $a >> /excluded/log`],
      when,
      timeout: 5,
    })
    const triggers = [
      log('second', 'after', '/etc/**'),
      log('first', 'before', '/etc/a'),
      log('never', 'after', '/usr/**'),
      log('third', 'after', '/etc/a'),
    ]
    const files = shellFiles()
    const options = { triggers, exclusions: ['/excluded/**', ...files] }
    const image = (a: string): Sketch => ({ 'etc/a': `${a}\n`, 'etc/b': a, 'usr/x': 'same', excluded: null })
    await world.publish(1, await world.image(image('one'), options))
    await world.enrol()
    for (const file of files) {
      mkdirSync(join(world.root, dirname(file)), { recursive: true })
      copyFileSync(file, join(world.root, file))
    }
    expect((await world.run()).report?.triggers).toEqual([])
    await world.publish(2, await world.image(image('two'), options))
    const outcome = await world.run()
    expect(outcome.report?.triggers.map(({ name, exit, output }) => [name, exit, output])).toEqual([
      ['first', 0, ''],
      ['second', 0, ''],
      ['third', 0, ''],
    ])
    await world.run()
    await world.run({ verify: true })
    expect(readFileSync(join(world.root, 'excluded/log'), 'utf8')).toBe('first one\nsecond two\nthird two\n')
    // Times alone are no change.
    utimesSync(join(world.root, 'etc/a'), 1, 1)
    expect((await world.run({ verify: true })).report).toMatchObject({ triggers: [], changed: { metadata: 1 } })
  },
)
