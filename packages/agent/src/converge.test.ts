import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeImage, describeRoot } from './testing/tree-text.ts'
import { makeWorld, type Sketch, type World } from './testing/world.ts'

/* Invariant 3: any state converges. Invariant 4: excluded means untouched. */

let world: World
let outside: string
beforeAll(async () => {
  world = await makeWorld()
  outside = join(world.directory, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'not ours')
  await world.enrol()
  // Past the first install, which lays out excluded paths too.
  await world.publish(1, await world.image({}))
  await world.run()
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const PATHS = ['a', 'a/b', 'a/b/c', 'a/b/d', 'a/e', 'f', 'g/h', 'g/i/j', 'k', 'keep/x'] as const
const EXCLUSIONS = ['/keep/**', '/a/b/keep'] as const

/** One thing that somebody does to a root. */
const damage = fc.record({
  path: fc.constantFrom(...PATHS, 'a/new', 'extra/deep/file', 'g/i/j/under', 'keep/y', 'a/b/keep'),
  what: fc.constantFrom(
    'delete',
    'edit',
    'same-size',
    'directory',
    'file',
    'symlink',
    'chmod',
    'touch',
    'move',
    'temporary',
  ),
})

/** What an image may look like: any of the paths as files, links or directories, parents implied. */
const image = fc
  .array(fc.record({ path: fc.constantFrom(...PATHS), kind: fc.constantFrom('file', 'link', 'directory', 'same') }), {
    maxLength: 8,
  })
  .map((entries): Sketch => {
    const sketch: Record<string, string | readonly [string] | null> = {}
    for (const { path, kind } of entries) {
      const parents = PATHS.filter((other) => path.startsWith(`${other}/`))
      if (Object.keys(sketch).some((other) => other.startsWith(`${path}/`))) continue
      if (parents.some((parent) => parent in sketch && sketch[parent] !== null)) continue
      if (kind === 'file') sketch[path] = `content of ${path}`
      else if (kind === 'same') sketch[path] = 'the same bytes'
      else sketch[path] = kind === 'link' ? ['../outside'] : null
    }
    return sketch
  })

function harm({ path, what }: { readonly path: string; readonly what: string }): void {
  const at = join(world.root, path)
  try {
    const there = lstatSync(at, { throwIfNoEntry: false })
    if (what === 'delete') rmSync(at, { recursive: true })
    else if (what === 'edit') writeFileSync(at, `edited ${path}`, { flag: 'a' })
    else if (what === 'same-size' && there?.isFile()) writeFileSync(at, 'x'.repeat(there.size))
    else if (what === 'chmod') chmodSync(at, 0o700)
    else if (what === 'touch') utimesSync(at, 1, 1)
    else if (what === 'move') renameSync(at, join(world.root, 'f'))
    else if (what === 'temporary') writeFileSync(join(world.root, '.holotype-1-1'), 'left by a kill')
    else {
      rmSync(at, { recursive: true, force: true })
      mkdirSync(what === 'directory' ? at : dirname(at), { recursive: true })
      if (what === 'file') writeFileSync(at, 'a file now')
      if (what === 'symlink') symlinkSync(outside, at)
    }
  } catch {
    // Damage that does not apply to this state (the path is not there, a parent is a file) is none.
  }
}

function keepFacts(): unknown {
  const facts: unknown[] = []
  const visit = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (!stat) return
    facts.push([path, stat.ino, stat.mode, stat.size, stat.mtimeMs, stat.ctimeMs, stat.isFile() ? stat.atimeMs : 0])
    if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name))
  }
  if (lstatSync(join(world.root, 'keep'), { throwIfNoEntry: false })?.isDirectory())
    for (const name of readdirSync(join(world.root, 'keep'))) visit(join(world.root, 'keep', name))
  return facts
}

const excluded = (path: string) => path.startsWith('/keep/') || path === '/a/b/keep'

test('whatever is done to a root, one run ends in the image and leaves what is excluded', {
  timeout: 60_000,
}, async () => {
  let number = 1
  await fc.assert(
    fc.asyncProperty(image, fc.array(damage, { maxLength: 8 }), fc.boolean(), async (sketch, damages, lostCache) => {
      const target = await world.image(sketch, { exclusions: EXCLUSIONS })
      await world.publish(++number, target)
      for (const each of damages) harm(each)
      if (lostCache) rmSync(join(world.state, 'stat-cache'), { force: true })
      // Damage itself may reach through a link; the agent must not.
      const beyond = describeRoot(outside)
      const kept = keepFacts()
      const outcome = await world.run()
      if (outcome.error?.code === 'AGENT_BLOCKED') {
        // An excluded path holds its place; whoever removes it gets the image.
        expect(keepFacts()).toEqual(kept)
        rmSync(world.root, { recursive: true })
        mkdirSync(world.root)
        expect((await world.run()).error).toBeUndefined()
      } else {
        expect(outcome.error).toBeUndefined()
        // A directory that the image has replaced the way to excluded paths, if it was a file or a link.
        expect(keepFacts()).toEqual(kept)
      }
      const mtimeless = (line: string) => (/^\/(keep|a\/b)? dir /.test(line) ? line.replace(/ [0-9]+$/, '') : line)
      const ideal = describeImage(world.store, target.image).filter((line) => !excluded(line.split(' ')[0] ?? ''))
      const actual = describeRoot(world.root, excluded)
      const survivors = actual.filter((line) => !ideal.map(mtimeless).includes(mtimeless(line)))
      // Beyond the image there is at most the way to excluded paths.
      expect(survivors.filter((line) => !/^\/(keep|a|a\/b) dir /.test(line))).toEqual([])
      expect(ideal.map(mtimeless).filter((line) => !actual.map(mtimeless).includes(line))).toEqual([])
      expect(describeRoot(outside)).toEqual(beyond)
      expect((await world.run({ verify: true })).report).toBeUndefined()
    }),
    { numRuns: 40, seed: Number.parseInt('5eed', 16) },
  )
})
