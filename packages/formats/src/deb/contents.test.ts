import { run } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { parseContents, renderContents } from './contents.ts'
import { deb } from './index.ts'
import { sampleFields } from './testing.ts'

const read = (text: string) => [...parseContents(Buffer.from(text))]

test('the lines of a Contents index', () => {
  expect(read('')).toEqual([])
  expect(read('bin/a b\t  utils/x,non-free/net/y\n\n./usr/ä z')).toEqual([
    { path: 'bin/a b', packages: ['utils/x', 'non-free/net/y'] },
    { path: 'usr/ä', packages: ['z'] },
  ])
  // As archives wrote it once.
  expect(read('This file maps files\nto packages.\n\nFILE                LOCATION\nbin/a    x\n')).toEqual([
    { path: 'bin/a', packages: ['x'] },
  ])
})

test.each(['nothing\n', ' x\n', `${'p'.repeat(5000)} x\n`, 'a b \n'])('malformed: %j', (text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'REPOSITORY_MALFORMED' }))
})

test('what is rendered is read back, sorted by bytes', () => {
  const path = fc.stringMatching(/^[a-z/ä\u{10000}\uffee -]{1,20}[a-z]$/u).filter((text) => /^[^ /.]/.test(text))
  const name = fc.constantFrom('utils/a', 'b', 'non-free/net/c')
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, fc.array(path)), { selector: ([name]) => name }), (packages) => {
      const lines = read([...renderContents(packages)].join(''))
      const expected = new Map<string, string[]>()
      for (const [name, paths] of packages)
        for (const path of new Set(paths)) expected.set(path, [...(expected.get(path) ?? []), name].sort())
      expect(new Map(lines.map(({ path, packages }) => [path, packages]))).toEqual(expected)
      const bytes = lines.map(({ path }) => Buffer.from(path))
      expect(bytes).toEqual(bytes.toSorted(Buffer.compare))
    }),
  )
})

test.skipIf(!haveTools('apt-ftparchive'))(`as apt-ftparchive has it${skipReason('apt-ftparchive')}`, async () => {
  using directory = scratch()
  const root = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }
  const packages: [string, string[]][] = []
  for (const name of ['one', 'two']) {
    const payload = ['etc/shared', `usr/bin/${name}`, `usr/share/${name} data`].map((path) => ({
      ...root,
      path,
      type: 'file' as const,
      size: 1,
      bytes: Buffer.from('x'),
    }))
    await deb.writePackage(directory.at(`${name}.deb`), {
      fields: sampleFields(name, '1'),
      control: new Map(),
      payload,
      epoch: 0,
    })
    packages.push([name, payload.map(({ path }) => path)])
  }
  const { stdout } = await run(['apt-ftparchive', 'contents', directory.path])
  const theirs = [...parseContents(stdout)].filter(({ path }) => !path.endsWith('/'))
  expect(theirs.length).toBe(5)
  expect(read([...renderContents(packages)].join(''))).toEqual(theirs)
})
