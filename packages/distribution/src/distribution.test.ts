import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { HolotypeError } from '@holotype/base'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { commitOf, lockedDigests } from './commit.ts'
import { initDistribution } from './init.ts'
import { loadDistribution } from './load.ts'
import { channelOf, imageOf, lockPathOf, recipeOf, recipeSourceOf } from './lookup.ts'
import { duration, rate, share } from './values.ts'
import { resolveSource } from './source.ts'

let scratch = ''
let directory = ''
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'holotype-distribution-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
beforeEach(() => {
  directory = mkdtempSync(join(scratch, 'd-'))
})

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

function errorOf(work: () => unknown): HolotypeError {
  try {
    work()
  } catch (error) {
    if (error instanceof HolotypeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The error of loading the starting distribution with these files changed, with paths from the distribution. */
function brokenBy(files: Readonly<Record<string, string>>): { code: string; what: string } {
  initDistribution(directory, 'acme')
  write(files)
  const error = errorOf(() => loadDistribution(directory))
  return { code: error.code, what: error.message.replaceAll(`${directory}/`, '') }
}

describe('a starting distribution', () => {
  test('is valid, and its names lead to its parts', () => {
    const written = initDistribution(directory, 'acme')
    const loaded = loadDistribution(directory)
    expect(written).toEqual(['.gitignore', 'images/base.yaml', 'channels/base.yaml', 'holotype.yaml'])
    expect(loaded.file.name).toBe('acme')
    expect(loaded.file.policy.approvals).toBe(1)
    expect([...loaded.images.keys()]).toEqual(['base'])
    expect(imageOf(loaded, 'base').files['/etc/motd']).toMatchObject({ content: expect.stringContaining('acme') })
    expect(channelOf(loaded, 'base').waves.map((wave) => [wave.name, wave.share, wave.gate])).toEqual([
      ['canary', 10_000, { soak: 0, success: 10_000 }],
      ['rest', 10_000, { soak: 600, success: 10_000 }],
    ])
    expect(lockPathOf(loaded, 'base')).toBe(join(loaded.directory, 'images/base.lock'))
    expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toContain('.holotype/')
  })

  test('overwrites nothing', () => {
    write({ 'channels/base.yaml': 'mine' })
    expect(errorOf(() => initDistribution(directory, 'acme')).code).toBe('DISTRIBUTION_EXISTS')
    expect(errorOf(() => loadDistribution(directory)).code).toBe('DISTRIBUTION_NOT_FOUND')
    expect(readFileSync(join(directory, 'channels/base.yaml'), 'utf8')).toBe('mine')
  })

  test.each(['Acme', '', '../x', '-x', 'a\nb'])('refuses the name %j', (name) => {
    expect(errorOf(() => initDistribution(directory, name)).code).toBe('DISTRIBUTION_BAD_NAME')
  })
})

describe('a distribution', () => {
  test('with a recipe, a lock and files beside its images', () => {
    initDistribution(directory, 'acme')
    write({
      'recipes/tool/recipe.yaml': 'family: deb\nsource: src\n',
      'recipes/tool/src/debian/rules': '',
      'recipes/README.md': 'not a recipe',
      'images/base.lock': '{}',
      'images/files/sshd.conf': 'Port 22\n',
      'images/web.yaml': 'packages: [nginx]\nfiles:\n  /etc/sshd.conf: { source: files/sshd.conf }\n',
    })
    const loaded = loadDistribution(directory)
    expect([...loaded.images.keys()]).toEqual(['base', 'web'])
    expect(recipeOf(loaded, 'tool')).toEqual({ family: 'deb', source: 'src', timeout: 1800, network: false })
    expect(recipeSourceOf(loaded, 'tool')).toBe(join(loaded.directory, 'recipes/tool/src'))
  })

  test('that is not there', () => {
    expect(errorOf(() => loadDistribution(join(directory, 'missing'))).code).toBe('DISTRIBUTION_NOT_FOUND')
  })

  test('names that are not there get the nearest one', () => {
    initDistribution(directory, 'acme')
    const loaded = loadDistribution(directory)
    expect(errorOf(() => imageOf(loaded, 'bsae')).message).toBe('there is no image "bsae"; did you mean "base"?')
    expect(errorOf(() => channelOf(loaded, 'production')).message).toBe('there is no channel "production"')
    expect(errorOf(() => recipeOf(loaded, 'x')).code).toBe('DISTRIBUTION_UNKNOWN_RECIPE')
  })
})

describe('errors stand at their place', () => {
  test('an unknown key', () => {
    const { code, what } = brokenBy({ 'images/web.yaml': 'pakages:\n  - nginx\n' })
    expect(code).toBe('YAML_SCHEMA')
    expect(what).toBe('images/web.yaml:1:1: unknown key "pakages"; did you mean "packages"?\n   1 | pakages:\n     | ^')
  })

  test('an unknown key of a file in an image, and of a gate', () => {
    expect(brokenBy({ 'images/web.yaml': 'packages: [a]\nfiles:\n  /x: { contents: y }\n' }).what).toContain(
      'images/web.yaml:3:9: unknown key "contents"; did you mean "content"?',
    )
    directory = mkdtempSync(join(scratch, 'd-'))
    expect(
      brokenBy({ 'channels/base.yaml': 'image: base\nwaves:\n  - name: a\n    gate: { sok: 1h }\n' }).what,
    ).toContain('channels/base.yaml:4:13: unknown key "sok"; did you mean "soak"?')
  })

  test.each([
    [
      'a channel of an image that is not there',
      { 'channels/base.yaml': 'image: bse\nwaves: [{ name: a }]\n' },
      'DISTRIBUTION_UNKNOWN_IMAGE',
      'channels/base.yaml:1:8: image: there is no image "bse"; did you mean "base"?',
    ],
    [
      'two waves of one name',
      { 'channels/base.yaml': 'image: base\nwaves:\n  - name: a\n  - name: a\n' },
      'DISTRIBUTION_DUPLICATE',
      'channels/base.yaml:4:11: waves.1.name: "a" stands here twice',
    ],
    [
      'two triggers of one name',
      {
        'images/web.yaml':
          'packages: [a]\ntriggers:\n  - { name: t, paths: [/x], run: [y] }\n  - { name: t, paths: [/x], run: [y] }\n',
      },
      'DISTRIBUTION_DUPLICATE',
      'images/web.yaml:4:13: triggers.1.name',
    ],
    [
      'a source that is not there',
      { 'images/web.yaml': 'packages: [a]\nfiles:\n  /x: { source: files/x }\n' },
      'DISTRIBUTION_SOURCE_MISSING',
      'images/web.yaml:3:17: files/x: there is no images/files/x',
    ],
    [
      'a source that is a directory',
      { 'images/web.yaml': 'packages: [a]\nfiles:\n  /x: { source: files }\n', 'images/files/y': '' },
      'DISTRIBUTION_SOURCE_MISSING',
      'images/web.yaml:3:17: files: it is no file',
    ],
    [
      'a source above the distribution',
      { 'images/web.yaml': 'packages: [a]\nfiles:\n  /x: { source: ../../../etc/passwd }\n' },
      'DISTRIBUTION_SOURCE_OUTSIDE',
      'images/web.yaml:3:17: ../../../etc/passwd: it leads out of the distribution',
    ],
    [
      'an absolute source',
      { 'images/web.yaml': 'packages: [a]\nfiles:\n  /x: { source: /etc/passwd }\n' },
      'DISTRIBUTION_SOURCE_OUTSIDE',
      'images/web.yaml:3:17: /etc/passwd: the path must be relative',
    ],
    [
      "a recipe's source that is not there",
      { 'recipes/tool/recipe.yaml': 'family: deb\nsource: src\n' },
      'DISTRIBUTION_SOURCE_MISSING',
      'recipes/tool/recipe.yaml:2:9: src: there is no recipes/tool/src',
    ],
    [
      'a recipe folder without a recipe',
      { 'recipes/tool/notes': '' },
      'DISTRIBUTION_SOURCE_MISSING',
      'recipes/tool/recipe.yaml: there is no recipes/tool/recipe.yaml',
    ],
    ['a bad file name', { 'images/My Web.yaml': '' }, 'DISTRIBUTION_BAD_NAME', 'images: "My Web" is not a name'],
    [
      'a file that would not be read',
      { 'channels/x.yml': '' },
      'DISTRIBUTION_BAD_NAME',
      'channels/x.yml would not be read',
    ],
    [
      'a share over 100%',
      { 'channels/base.yaml': 'image: base\nwaves: [{ name: a, share: 101% }]\n' },
      'YAML_SCHEMA',
      'channels/base.yaml:2:27: waves.0.share: a share is at most 100%',
    ],
    [
      'content and source both',
      { 'images/web.yaml': 'packages: [a]\nfiles: { /x: { content: a, source: b } }\n' },
      'YAML_SCHEMA',
      'images/web.yaml:2:14: files./x: give one of content, source, link and directory',
    ],
    ['bad YAML', { 'holotype.yaml': 'name: [\n' }, 'YAML_SYNTAX', 'holotype.yaml:'],
  ])('%s', (_what, files, code, what) => {
    const error = brokenBy(files)
    expect(error.what).toContain(what)
    expect(error.code).toBe(code)
  })
})

describe('sources are confined', () => {
  test('through symbolic links, of files and of folders', () => {
    initDistribution(directory, 'acme')
    symlinkSync('/etc', join(directory, 'images/etc'))
    symlinkSync('/etc/hostname', join(directory, 'images/link.yaml'))
    expect(errorOf(() => resolveSource(directory, 'images', 'etc/hostname')).code).toBe('DISTRIBUTION_SOURCE_OUTSIDE')
    expect(errorOf(() => loadDistribution(directory)).code).toBe('DISTRIBUTION_SOURCE_OUTSIDE')
    symlinkSync('loop', join(directory, 'loop'))
    expect(errorOf(() => resolveSource(directory, '.', 'loop')).code).toBe('DISTRIBUTION_SOURCE_MISSING')
  })

  test('for any path', () => {
    const part = fc.constantFrom('..', '.', 'images', 'etc', '', 'x')
    const root = join(directory, 'root')
    mkdirSync(join(root, 'images'), { recursive: true })
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        try {
          const found = resolveSource(root, 'images', parts.join('/'))
          expect(`${found}/`.startsWith(`${root}/`)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(HolotypeError)
        }
      }),
    )
  })

  test('a neighbour with the same beginning is outside', () => {
    mkdirSync(join(directory, 'a'))
    mkdirSync(join(directory, 'ab'))
    expect(errorOf(() => resolveSource(join(directory, 'a'), '.', '../ab')).code).toBe('DISTRIBUTION_SOURCE_OUTSIDE')
  })
})

describe('values', () => {
  test.each([
    ['5s', 5],
    ['10m', 600],
    ['2h', 7200],
    ['30d', 2_592_000],
  ])('the duration %s', (text, seconds) => expect(duration.parse(text)).toBe(seconds))
  test.each(['5', 's', '1.5h', '-1s', '5 m', '99999999999d'])('no duration: %s', (text) =>
    expect(duration.safeParse(text).success).toBe(false),
  )
  test.each([
    ['0%', 0],
    ['12.5%', 1250],
    ['0.01%', 1],
    ['100%', 10_000],
  ])('the share %s', (text, value) => expect(share.parse(text)).toBe(value))
  test.each([
    ['1MiB/s', 1024 ** 2],
    ['20GiB/s', 20 * 1024 ** 3],
  ])('the rate %s', (text, value) => expect(rate.parse(text)).toBe(value))
  test.each(['12', '1e1%', '100.01%', '-1%', '.5%'])('no share: %s', (text) =>
    expect(share.safeParse(text).success).toBe(false),
  )
})

describe('commitOf', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: directory,
      stdio: 'pipe',
    })
      .toString()
      .trim()

  test('is the commit, and whether the directory differs from it', async () => {
    git('init', '-q')
    await expect(commitOf(directory)).rejects.toMatchObject({ code: 'DISTRIBUTION_NOT_GIT' })
    initDistribution(directory, 'acme')
    git('add', '-A')
    git('commit', '-qm', 'begin')
    const commit = git('rev-parse', 'HEAD')
    expect(await commitOf(directory)).toEqual({ commit, dirty: false })
    write({ '.holotype/keys/x': 'ignored' })
    expect(await commitOf(directory)).toEqual({ commit, dirty: false })
    write({ 'images/new.yaml': 'packages: [a]\n' })
    expect(await commitOf(directory)).toEqual({ commit, dirty: true })
  })

  test('digests that are locked, in the working tree and on every branch and tag', async () => {
    const digest = (letter: string) => letter.repeat(64)
    initDistribution(directory, 'acme')
    write({ 'images/old.lock': `sha256: ${digest('a')}\n` })
    expect(await lockedDigests(directory)).toEqual(new Set())
    git('init', '-q', '-b', 'main')
    expect(await lockedDigests(directory)).toEqual(new Set([digest('a')]))
    git('add', '-A')
    git('commit', '-qm', 'begin')
    git('tag', 'v1')
    write({ 'images/old.lock': `x: sha256:${digest('b')}\ny: ${digest('c')}\n`, 'images/other.yaml': digest('d') })
    git('commit', '-qam', 'next')
    git('checkout', '-q', '-b', 'new')
    rmSync(join(directory, 'images/old.lock'))
    git('commit', '-qam', 'without')
    expect(await lockedDigests(directory)).toEqual(new Set([digest('a'), digest('b'), digest('c')]))
    git('tag', '-d', 'v1')
    expect(await lockedDigests(directory)).toEqual(new Set([digest('b'), digest('c')]))
  })

  test('asks no program that the repository names', async () => {
    git('init', '-q')
    git('commit', '-q', '--allow-empty', '-m', 'begin')
    git('config', 'core.fsmonitor', `touch ${join(directory, '..', 'ran')}; true`)
    await commitOf(directory)
    expect(() => readFileSync(join(directory, '..', 'ran'))).toThrow('ENOENT')
  })

  test('outside git', async () => {
    cpSync(import.meta.dirname, join(directory, 'plain'), { recursive: true })
    await expect(commitOf(join(directory, 'plain'))).rejects.toMatchObject({ code: 'DISTRIBUTION_NOT_GIT' })
  })
})
