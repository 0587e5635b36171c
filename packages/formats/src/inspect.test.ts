import { readdirSync, readFileSync, statSync } from 'node:fs'
import { digestOf, hexOf, run } from '@holotype/base'
import { expect, test } from 'vitest'
import { gzipSync } from 'node:zlib'
import { deb } from './deb/index.ts'
import { sampleFields } from './deb/testing.ts'
import { inspectPackage } from './inspect.ts'
import { sampleElf } from './testing/elf.ts'
import { scratch, skipReason } from './testing/tools.ts'
import type { PackageToWrite } from './types.ts'

const CACHE = '/var/cache/apt/archives'

/** A dozen packages that apt has fetched for this machine, spread over the alphabet. */
const cached = (() => {
  try {
    const small = readdirSync(CACHE)
      .filter((name) => name.endsWith('.deb') && statSync(`${CACHE}/${name}`).size < 1_000_000)
      .sort()
    return small.filter((_, index) => index % Math.ceil(small.length / 12) === 0)
  } catch {
    return []
  }
})()
const needs = ['dpkg-deb', 'readelf', 'find'] as const
const why = cached.length === 0 ? ' (skipped: apt has no packages here)' : skipReason(...needs)

test.skipIf(why !== '')(
  `real packages hold what dpkg-deb unpacks, with the sonames readelf finds${why}`,
  { timeout: 60_000 },
  async () => {
    let sonames = 0
    let changelogs = 0
    for (const name of cached) {
      using directory = scratch()
      await run(['dpkg-deb', '--extract', `${CACHE}/${name}`, directory.at('x')])
      const inspected = await inspectPackage(deb, `${CACHE}/${name}`)
      const files = inspected.files.filter(({ type }) => type === 'file')
      const there = (await run(['find', '.', '-type', 'f', '-links', '1', '-print'], { cwd: directory.at('x') })).stdout
      const names = there
        .toString()
        .split('\n')
        .filter((path) => path !== '')
        .map((path) => path.slice(2))
      expect(
        files.map(({ path }) => path),
        name,
      ).toEqual(expect.arrayContaining(names))
      for (const { path, sha256, size } of files) {
        const bytes = readFileSync(directory.at('x', path))
        expect({ size: bytes.length, sha256: hexOf(digestOf(bytes)) }, `${name} ${path}`).toEqual({ size, sha256 })
      }
      const paths = files.map(({ path }) => directory.at('x', path))
      const { stdout } = await run(['readelf', '--dynamic', '--wide', ...paths], {
        okCodes: [0, 1],
        maxOutputBytes: 1e8,
      })
      const tagged = (tag: string) => {
        const found = stdout.toString().matchAll(new RegExp(`\\(${tag}\\).*\\[(.*)\\]`, 'g'))
        return [...new Set(Array.from(found, (match) => match[1] ?? ''))].sort()
      }
      expect(inspected.needed, name).toEqual(tagged('NEEDED'))
      expect(inspected.provided, name).toEqual(tagged('SONAME'))
      sonames += inspected.needed.length
      changelogs += inspected.changelog.length
      const changelog = files.find(({ path }) => /^usr\/share\/doc\/[^/]*\/changelog(\.Debian)?\.gz$/.test(path))
      if (!changelog?.path.includes(`/${inspected.record.name}/`)) continue
      const [newest] = inspected.changelog
      // A binNMU adds its entry in a file of its own.
      expect(inspected.record.version.replace(/\+b\d+$/, ''), name).toBe(newest?.version)
      expect(newest?.date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
      expect(newest?.author).toMatch(/ <.*@.*>$/)
    }
    expect(Math.min(sonames, changelogs)).toBeGreaterThan(0)
  },
)

const root = { mode: 0o644, uid: 0, gid: 0, mtime: 0, type: 'file' } as const
const entry = (version: string) =>
  `sample (${version}) unstable; urgency=low\n\n  * x\n\n -- J <j@example.org>  Sat, 21 Nov 2026 05:53:00 +0100\n`
const EXPECTED = { version: '2', author: 'J <j@example.org>', date: '2026-11-21T04:53:00.000Z', text: '  * x' }

function packageWith(files: Readonly<Record<string, Buffer>>): PackageToWrite {
  const payload = Object.entries(files).map(([path, bytes]) => ({ ...root, path, size: bytes.length, bytes }))
  return { fields: sampleFields('sample', '2'), control: new Map(), payload, epoch: 0 }
}

test.each([
  ['of Debian', { 'changelog.gz': Buffer.from('upstream'), 'changelog.Debian.gz': gzipSync(entry('2') + entry('1')) }],
  ['of a native package', { 'changelog.gz': gzipSync(entry('2') + entry('1')) }],
  ['that nobody compressed', { changelog: Buffer.from(entry('2') + entry('1')) }],
])('the changelog %s', async (_, files) => {
  using directory = scratch()
  const named = Object.entries(files).map(([name, bytes]) => [`usr/share/doc/sample/${name}`, bytes])
  const others = [['usr/share/doc/other/changelog.Debian.gz', gzipSync(entry('9'))]]
  await deb.writePackage(directory.at('p'), packageWith(Object.fromEntries([...others, ...named])))
  const { changelog } = await inspectPackage(deb, directory.at('p'))
  expect(changelog).toEqual([EXPECTED, { ...EXPECTED, version: '1' }])
})

test('a changelog that is damaged, or is none, is no fault of the package', async () => {
  using directory = scratch()
  for (const bytes of [Buffer.from('x'), Buffer.alloc(0), gzipSync('nothing'), gzipSync(entry('2')).subarray(0, 30)]) {
    await deb.writePackage(directory.at('p'), packageWith({ 'usr/share/doc/sample/changelog.gz': bytes }))
    expect((await inspectPackage(deb, directory.at('p'))).changelog).toEqual([])
  }
})

test('a package whose ELF files need too many names is refused', async () => {
  const bytes = sampleElf({ needed: Array.from({ length: 250 }, () => 'n'.repeat(4000)) })
  const entry = { path: 'lib', type: 'file', mode: 0o755, uid: 0, gid: 0, mtime: 0, size: bytes.length } as const
  const hostile: Parameters<typeof inspectPackage>[0] = {
    readPackage: async (_, visit) => {
      for (let count = 0; count < 80; count++)
        await visit?.(
          entry,
          (async function* () {
            yield bytes
          })(),
        )
      throw new Error('it was read to its end')
    },
  }
  await expect(inspectPackage(hostile, 'p')).rejects.toMatchObject({
    code: 'PACKAGE_TOO_LARGE',
    message: expect.stringContaining('PACKAGE_SONAME_BYTES'),
  })
})
