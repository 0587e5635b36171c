import { expect, test } from 'vitest'
import type { PackageToWrite } from '../types.ts'
import { readWhole } from '../testing/payloads.ts'
import { scratch } from '../testing/tools.ts'
import { alpm } from './index.ts'
import { sampleFields } from './testing.ts'

const root = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000, size: 0 }
const plain: PackageToWrite = {
  fields: sampleFields('sample', '1.0-1'),
  control: new Map(),
  payload: [],
  epoch: 1_700_000_000,
}

test('directories that are missing are put in, each once', async () => {
  using directory = scratch()
  const bytes = Buffer.from('x')
  const payload = ['usr/share/a/x', 'usr/share/b/x'].map((path) => ({
    ...root,
    path,
    type: 'file' as const,
    size: 1,
    bytes,
  }))
  await alpm.writePackage(directory.at('p'), { ...plain, payload })
  const { payload: back } = await readWhole(alpm, directory.at('p'))
  expect(back.map(({ path }) => path)).toEqual([
    'usr',
    'usr/share',
    'usr/share/a',
    'usr/share/a/x',
    'usr/share/b',
    'usr/share/b/x',
  ])
  expect(back[0]).toEqual({ ...root, path: 'usr', type: 'directory', mode: 0o755 })
})

test('extended attributes, large numbers and long names come back', async () => {
  using directory = scratch()
  const bytes = Buffer.from('x')
  const long = `usr/${'ä'.repeat(90)}`
  const payload: PackageToWrite['payload'] = [
    { ...root, path: 'usr', type: 'directory', mode: 0o755 },
    {
      ...root,
      path: 'usr/x',
      type: 'file',
      size: 1,
      bytes,
      uid: 4_000_000_000,
      gid: 2_097_152,
      mtime: 8_589_934_591,
      // Bytes that are no text, one of them a line break.
      xattrs: { 'security.capability': Buffer.from([1, 0, 0, 2, 0x0a, 0xff]).toString('base64'), 'user.empty': '' },
    },
    { ...root, path: long, type: 'symlink', mode: 0o777, target: `/${'ö'.repeat(120)}` },
    { ...root, path: 'usr/hard', type: 'hardlink', target: 'usr/x' },
    { ...root, path: 'usr/null', type: 'character', device: { major: 1, minor: 3 } },
    { ...root, path: 'usr/pipe', type: 'fifo' },
  ]
  await alpm.writePackage(directory.at('p'), { ...plain, payload })
  expect((await readWhole(alpm, directory.at('p'))).payload).toEqual(payload)
})

test('a file larger than what is handed on at once comes back', async () => {
  using directory = scratch()
  const bytes = Buffer.alloc(700_000, 'some text, ')
  const payload: PackageToWrite['payload'] = [
    { ...root, path: 'a', type: 'file', size: 1, bytes: Buffer.from('a') },
    { ...root, path: 'b', type: 'file', size: bytes.length, bytes },
    { ...root, path: 'c', type: 'file', size: 1, bytes: Buffer.from('c') },
  ]
  await alpm.writePackage(directory.at('p'), { ...plain, payload })
  expect((await readWhole(alpm, directory.at('p'))).payload).toEqual(payload)
})

const file = (path: string, more = {}) => ({ ...root, path, type: 'file' as const, ...more })

test.each([
  ['a payload path with a dot in front', { payload: [file('.profile')] }, /begins with a dot/],
  ['a path that leads out', { payload: [file('../x')] }, /no normal path/],
  ['a path with a line break', { payload: [file('a\nb')] }, /line break/],
  ['a size that its bytes have not', { payload: [file('a', { size: 5 })] }, /its size is 5/],
  ['a file that is a directory', { payload: [file('a'), file('a/b')] }, /lies below a/],
  ['a hard link to nothing', { payload: [{ ...root, path: 'a', type: 'hardlink', target: 'b' }] }, /hard link/],
  ['a time before 1970', { payload: [file('a', { mtime: -1 })] }, /the number -1/],
  ['an owner that is no name', { payload: [file('a', { owner: 'a b' })] }, /the owner/],
  [
    'a .PKGINFO of its own',
    { control: new Map([['.PKGINFO', { bytes: Buffer.alloc(0), mode: 0o644 }]]) },
    /is made from/,
  ],
  [
    'metadata that pacman does not know',
    { control: new Map([['postinst', { bytes: Buffer.alloc(0), mode: 0o644 }]]) },
    /postinst/,
  ],
  ['a field that is no name', { fields: [...plain.fields, ['a b', 'c']] }, /no name for a field/],
  ['a value of two lines', { fields: [...plain.fields, ['depend', 'a\npkgname = b']] }, /(one line|no relation)/],
  ['no pkgname', { fields: plain.fields.slice(1) }, /no pkgname/],
  ['a version without pkgrel', { fields: [...plain.fields, ['pkgver', '1.0']] }, /pkgver-pkgrel/],
] as const)('%s is refused', async (_, more, what) => {
  using directory = scratch()
  const failure = alpm.writePackage(directory.at('p'), { ...plain, ...more })
  await expect(failure).rejects.toMatchObject({ code: 'PACKAGE_UNWRITABLE' })
  await expect(failure).rejects.toThrow(what)
})
