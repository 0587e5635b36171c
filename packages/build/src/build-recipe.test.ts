import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { digestOf, silent } from '@holotype/base'
import { recipeSchema } from '@holotype/distribution'
import { openStore, type Store, walkTree } from '@holotype/store'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BuildOptions, buildRecipe } from './build-recipe.ts'
import { deb } from './families/deb/deb.ts'

const isRoot = process.getuid?.() === 0
/** What a build needs to run a script and make a .deb, with what they are linked to: a root in a moment, without any package. */
const PROGRAMS = [
  'sh',
  'env',
  'setpriv',
  'cat',
  'cp',
  'ln',
  'ls',
  'mkdir',
  'mkfifo',
  'id',
  'rm',
  'tar',
  'sleep',
  'dpkg-deb',
].map((name) => `/usr/bin/${name}`)
const lacking = isRoot ? PROGRAMS.filter((path) => !existsSync(path)) : ['root']

let base: string
let root: string
let store: Store
let runs = 0

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'holotype-build-'))
  root = join(base, 'root')
  if (lacking.length > 0) return
  for (const name of ['bin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(root, name))
  }
  const linked = PROGRAMS.flatMap((path) => execFileSync('ldd', [path], { encoding: 'utf8' }).match(/\/\S+/g) ?? [])
  for (const path of new Set([...PROGRAMS, ...linked.filter((found) => !found.endsWith(':'))])) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    copyFileSync(path, join(root, path))
  }
})
afterAll(() => rmSync(base, { recursive: true, force: true }))
beforeEach(() => {
  store = openStore(join(base, `store-${++runs}`))
})

const PACK = `
mkdir -p ../pkg/DEBIAN ../pkg/usr/bin
cp tool ../pkg/usr/bin/tool
cat > ../pkg/DEBIAN/control <<END
Package: tool
Version: 1.0-1
Architecture: amd64
Maintainer: Jane Doe <jane@example.org>
Description: a sample
END
dpkg-deb --root-owner-group --build ../pkg ../tool_1.0-1_amd64.deb
`

/** A recipe whose debian/rules is the script. */
function options(script: string, more: Partial<BuildOptions> = {}): BuildOptions {
  const source = mkdtempSync(join(base, 'source-'))
  mkdirSync(join(source, 'debian'))
  writeFileSync(
    join(source, 'debian/control'),
    'Source: tool\nMaintainer: Jane Doe <jane@example.org>\n\nPackage: tool\n',
  )
  writeFileSync(
    join(source, 'debian/changelog'),
    'tool (1.0-1) stable; urgency=low\n\n  * First.\n\n -- Jane Doe <jane@example.org>  Mon, 06 Jan 2025 10:00:00 +0000\n',
  )
  writeFileSync(join(source, 'debian/rules'), `#!/bin/sh\nset -e\n${script}`, { mode: 0o755 })
  writeFileSync(join(source, 'tool'), '#!/bin/sh\n', { mode: 0o755 })
  const recipe = recipeSchema.parse({ family: 'deb', timeout: '60s' })
  return {
    store,
    recipe: { name: 'tool', recipe, source, commit: 'c'.repeat(40) },
    family: { ...deb, command: ['/bin/sh', 'debian/rules'] },
    facts: deb.readSource(source, 'amd64'),
    root: { image: digestOf('root'), directory: root },
    builds: join(base, `builds-${runs}`),
    progress: silent,
    now: () => 1_700_000_000_000,
    ...more,
  }
}
const attempts = ({ builds }: BuildOptions) => readdirSync(join(builds, 'tool')).sort()
const recordOf = ({ builds }: BuildOptions, attempt = 1): unknown =>
  JSON.parse(readFileSync(join(builds, 'tool', String(attempt), 'build.json'), 'utf8'))

describe.skipIf(lacking.length > 0)(`a build (skipped where one lacks: root, the programs of PROGRAMS)`, () => {
  test('leaves its package, its record and its log', async () => {
    const made = options(`echo begun; echo aloud >&2\n${PACK}`)
    const { record, packages, log } = await buildRecipe(made)
    expect(packages).toHaveLength(1)
    expect(execFileSync('dpkg-deb', ['--field', packages[0] ?? '', 'Package', 'Version'], { encoding: 'utf8' })).toBe(
      'Package: tool\nVersion: 1.0-1\n',
    )
    expect(record).toMatchObject({ outcome: 'built', attempt: 1, version: '1.0-1', commit: 'c'.repeat(40) })
    expect(record).toEqual(recordOf(made))
    expect(readFileSync(log, 'utf8')).toMatch(/begun\n[^]*aloud|aloud\n[^]*begun/)
    expect(record.packages[0]?.digest).toBe(digestOf(readFileSync(packages[0] ?? '')))
    expect(store.has(record.sourceTree)).toBe(true)
    expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
  })

  test('of the same source gives the same bytes, whatever its times, its umask and its number', async () => {
    const made = options(PACK)
    const first = await buildRecipe(made)
    utimesSync(join(made.recipe.source, 'tool'), 1, 1)
    chmodSync(join(made.recipe.source, 'tool'), 0o700)
    const before = process.umask(0o077)
    try {
      const second = await buildRecipe(made)
      expect(second.record.packages).toEqual(first.record.packages)
      expect(second.record.sourceTree).toBe(first.record.sourceTree)
      expect(second.record.attempt).toBe(2)
    } finally {
      process.umask(before)
    }
  })

  test('sees no network, no one’s environment, and is nobody of this machine', async () => {
    const { log } = await buildRecipe(options(`cat /proc/net/dev; env; id -u; ls -ld debian/rules\n${PACK}`))
    const text = readFileSync(log, 'utf8')
    expect(text.match(/^\s*\w+:/gm)?.map((line) => line.trim())).toEqual(['lo:'])
    expect(text.match(/^[A-Z_]+=/gm)?.sort()).toEqual(
      ['HOME=', 'LC_ALL=', 'OLDPWD=', 'PATH=', 'PWD=', 'SOURCE_DATE_EPOCH=', 'TERM=', 'TZ='].filter((name) =>
        text.includes(`\n${name}`),
      ),
    )
    const passwd = readFileSync('/etc/passwd', 'utf8')
    const uid = /^(\d{5,})$/m.exec(text)?.[1] ?? ''
    expect(uid).not.toBe('')
    expect(passwd).not.toContain(`:${uid}:`)
  })

  test('that fails says so with its last lines, and keeps its log and its record', async () => {
    const made = options('echo compiling; echo no such header >&2; exit 7')
    const failing = buildRecipe(made)
    await expect(failing).rejects.toMatchObject({ code: 'BUILD_FAILED', exitCode: 3 })
    await expect(failing).rejects.toThrow(/no such header/)
    expect(readFileSync(join(made.builds, 'tool/1/log'), 'utf8')).toContain('compiling')
    expect(recordOf(made)).toMatchObject({ outcome: 'failed', packages: [] })
    await buildRecipe({ ...made, ...options(PACK), builds: made.builds })
    expect(attempts(made)).toEqual(['1', '2'])
    expect(readdirSync(join(store.directory, 'scratch'))).toEqual([])
  })

  test('that leaves no package is an error', async () => {
    await expect(buildRecipe(options('true'))).rejects.toMatchObject({ code: 'BUILD_NO_PACKAGES' })
  })

  test.each([
    ['a link to a file of the machine', 'ln -s /etc/hostname ../x.deb'],
    ['a pipe that nobody writes to', 'mkfifo ../x.deb'],
    ['a directory', 'mkdir ../x.deb'],
  ])('that leaves %s for a package is refused', async (_what, script) => {
    const made = options(script)
    await expect(buildRecipe(made)).rejects.toMatchObject({ code: 'BUILD_NO_PACKAGES' })
    expect(readdirSync(join(made.builds, 'tool/1')).sort()).toEqual(['build.json', 'log'])
  })

  test('told to stop, it stops, with what it printed so far in its log', async () => {
    const controller = new AbortController()
    const made = options('echo begun; sleep 60', {
      signal: controller.signal,
      progress: ({ kind }) => void (kind === 'advance' && controller.abort()),
    })
    await expect(buildRecipe(made)).rejects.toMatchObject({ code: 'PROCESS_ABORTED' })
    expect(readFileSync(join(made.builds, 'tool/1/log'), 'utf8')).toMatch(/^begun\n/)
    expect(recordOf(made)).toMatchObject({ outcome: 'failed' })
  })

  test('keeps its source as it was built: owners, times and modes that say nothing of who checked it out', async () => {
    const { record } = await buildRecipe(options(PACK))
    for (const { path, entry } of walkTree(store, record.sourceTree)) {
      const mode = path === 'tool' || path === 'debian/rules' || entry.type === 'directory' ? 0o755 : 0o644
      expect([path, entry.mode, entry.uid, entry.mtime]).toEqual([path, mode, 0, 1_736_157_600])
    }
  })
})

test.skipIf(!isRoot)('a source that holds a pipe is refused (skipped without root: owners)', async () => {
  const made = options('true')
  execFileSync('mkfifo', [join(made.recipe.source, 'pipe')])
  await expect(buildRecipe(made)).rejects.toMatchObject({ code: 'BUILD_SOURCE_MALFORMED' })
})

describe('what a source says of itself', () => {
  test('name, version, time and what it needs to build', () => {
    expect(options('').facts).toMatchObject({
      source: 'tool',
      version: '1.0-1',
      epoch: 1_736_157_600,
      buildDepends: [],
    })
  })

  test.each(['debian/control', 'debian/changelog'])('without %s it is refused', (path) => {
    const { source } = options('').recipe
    rmSync(join(source, path))
    expect(() => deb.readSource(source, 'amd64')).toThrow(expect.objectContaining({ code: 'BUILD_SOURCE_MALFORMED' }))
  })
})
