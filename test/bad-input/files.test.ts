import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DISTRIBUTION, halfWritten, makePlace, type Place } from './place.ts'

/* Malformed files of the distribution, and wishes that cannot be met, seen through the command. */

let place: Place
beforeAll(async () => {
  place = await makePlace()
})
afterAll(() => place[Symbol.asyncDispose]())
afterEach(() => {
  for (const [path, text] of Object.entries(DISTRIBUTION)) place.write(path, text)
})

const LOCK = ['image', 'lock', 'web']
const words = (path: string) => DISTRIBUTION[path] ?? ''

describe('a file that does not fit its schema says where, and what was probably meant', () => {
  test.each([
    {
      path: 'holotype.yaml',
      text: words('holotype.yaml').replace('approvals', 'aprovals'),
      at: 'holotype.yaml:5:3',
      said: 'did you mean "approvals"?',
      line: '  aprovals: 1',
    },
    {
      path: 'images/web.yaml',
      text: words('images/web.yaml').replace('packages:', 'package:'),
      at: 'images/web.yaml:2:1',
      said: 'did you mean "packages"?',
      line: 'package:',
    },
    {
      path: 'channels/web.yaml',
      text: words('channels/web.yaml').replace('select: { tier: canary }', 'gate: { soak: soon }'),
      at: 'channels/web.yaml:4:19',
      said: '30m',
      line: '    gate: { soak: soon }',
    },
    {
      path: 'channels/web.yaml',
      text: words('channels/web.yaml').replace('image: web', 'image: wbe'),
      at: 'channels/web.yaml:1:8',
      said: 'did you mean "web"?',
      line: 'image: wbe',
    },
  ])('$at $said', async ({ path, text, at, said, line }) => {
    place.write(path, text)
    const failure = await place.failure(LOCK)
    expect(failure.exitCode).toBe(3)
    expect(`${failure.what}\n${failure.hint}`).toContain(said)
    const { code, stderr } = await place.holotype(LOCK)
    expect(code).toBe(3)
    expect(stderr).toContain(at)
    const lines = stderr.split('\n')
    const shown = lines.findIndex((one) => one.endsWith(line))
    expect(shown).toBeGreaterThan(-1)
    // The caret stands below the column that was named.
    const column = Number(at.split(':')[2])
    const indent = (lines[shown] ?? '').length - line.length
    expect(lines[shown + 1]?.indexOf('^')).toBe(indent + column - 1)
  })

  test('what is no YAML at all', async () => {
    place.write('images/web.yaml', 'packages: [web\n')
    expect(await place.failure(LOCK)).toMatchObject({ code: 'YAML_SYNTAX', exitCode: 3 })
  })

  test('an image that is not there, and the nearest that is', async () => {
    const failure = await place.failure(['image', 'lock', 'wbe'])
    expect(failure.exitCode).toBe(3)
    expect(`${failure.what} ${failure.hint}`).toMatch(/\bweb\b/)
  })
})

describe('a lock', () => {
  const path = 'images/web.lock'
  afterEach(() => rmSync(join(place.distribution, path), { force: true }))

  test.each([
    ['cut short', (text: string) => text.slice(0, text.length >> 1)],
    ['with a digest that is none', (text: string) => text.replace(/[0-9a-f]{64}\b(?![\s\S]*[0-9a-f]{64})/, 'beef')],
    ['of no form', () => 'Merge conflict\n<<<<<<< HEAD\n'],
  ])('%s', async (_, spoil) => {
    await place.result(LOCK)
    const whole = readFileSync(join(place.distribution, path), 'utf8')
    place.write(path, spoil(whole))
    const failure = await place.failure(['image', 'compose', 'web'])
    expect(failure).toMatchObject({ code: 'LOCK_MALFORMED', exitCode: 3 })
    expect(failure.what).toMatch(/images\/web\.lock(:\d+)?/)
    expect(failure.hint).toContain('holotype image lock')
    // What the hint says works.
    await place.result(LOCK)
    expect(readFileSync(join(place.distribution, path), 'utf8')).toBe(whole)
  })

  test('that was never made', async () => {
    expect(await place.failure(['image', 'compose', 'web'])).toMatchObject({ code: 'LOCK_MISSING', exitCode: 3 })
  })
})

describe('packages', () => {
  const install = (...packages: string[]) => place.write('images/web.yaml', `packages: [${packages.join(', ')}]\n`)

  test('one that nobody has, and the nearest there is', async () => {
    install('webb')
    const failure = await place.failure(LOCK)
    expect(failure.exitCode).toBe(3)
    expect(failure.what).toContain('webb')
    expect(`${failure.what} ${failure.hint}`).toMatch(/\bweb\b/)
    expect((await place.holotype(LOCK)).stderr).toMatch(/^error: .*webb/m)
  })

  test('two that cannot be together, with the chain that says why', async () => {
    install('web', 'old-web')
    const failure = await place.failure(LOCK)
    expect(failure.exitCode).toBe(4)
    for (const link of ['old-web', 'middle', 'lib', '<< 1.0']) expect(failure.what).toContain(link)
    expect(existsSync(join(place.distribution, 'images/web.lock'))).toBe(false)
    expect(halfWritten(place.directory)).toEqual([])
    const { stderr } = await place.holotype(LOCK)
    expect(stderr).toMatch(/\nhint: .+\ncode: RESOLVE_\w+\n$/)
    install('web')
    expect(await place.result(LOCK)).toMatchObject({ packages: 2 })
  })
})

test('a directory that is no distribution is told so, and no state is left in it', async () => {
  const elsewhere = join(place.directory, 'elsewhere')
  for (const verb of [['build'], LOCK]) {
    const failure = await place.failure([...verb, '--directory', elsewhere, '--home', join(elsewhere, 'home')])
    expect(failure.exitCode).toBe(3)
  }
  expect(existsSync(elsewhere)).toBe(false)
})
