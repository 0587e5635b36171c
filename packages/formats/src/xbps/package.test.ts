import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compareText, run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { readWhole } from '../testing/payloads.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { PackageToWrite } from '../types.ts'
import { xbps } from './index.ts'
import { sampleFields, samplePackage, storedPayload } from './testing.ts'
import { USTAR_END, ustarHeader, ustarPadding } from './ustar.ts'

const root = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }
const file = (path: string, text: string, mode = 0o644) => {
  const bytes = Buffer.from(text)
  return { ...root, path, type: 'file', mode, size: bytes.length, bytes } as const
}
const directory = (path: string) => ({ ...root, path, type: 'directory' }) as const
const long = `usr/share/${'d'.repeat(90)}/${'e'.repeat(60)}`

const PAYLOAD = [
  directory('etc'),
  file('etc/sample.conf', 'a = 1\n'),
  directory('usr'),
  directory('usr/bin'),
  file('usr/bin/sample', '#!/bin/sh\n', 0o4755),
  { ...root, path: 'usr/bin/again', type: 'hardlink', target: 'usr/bin/sample', mode: 0o4755 },
  { ...root, path: 'usr/bin/link', type: 'symlink', mode: 0o777, target: 'sample' },
  { ...root, path: 'usr/bin/up', type: 'symlink', mode: 0o777, target: '../../etc/sample.conf' },
  { ...root, path: 'usr/bin/away', type: 'symlink', mode: 0o777, target: '../lib//x' },
  { ...root, path: 'usr/bin/far', type: 'symlink', mode: 0o777, target: '/opt/x' },
  directory('usr/share'),
  directory(`usr/share/${'d'.repeat(90)}`),
  directory(long),
  file(`${long}/split`, 'split over two fields'),
  file(`usr/share/${'q'.repeat(140)}`, 'too long for any field'),
  file('usr/share/ä', 'no ASCII'),
  file('usr/share-more', 'after what lies in usr/share'),
  file('usr/share/empty', ''),
] as const satisfies PackageToWrite['payload']

const content: PackageToWrite = {
  ...samplePackage('sample', '1.0_1', PAYLOAD),
  fields: sampleFields('sample', '1.0_1', [
    ['conf_files', '/etc/sample.conf'],
    ['alternatives', 'vi:/usr/bin/vi:/usr/bin/sample'],
    ['preserve', 'true'],
    ['provides', 'awk-0_1'],
    ['conflicts', 'mawk>=0'],
    ['replaces', 'sampel<2_1'],
    ['reverts', '2.0_1'],
    ['shlib-provides', 'libsample.so.1'],
    ['sourcepkg', 'samples-1.0_1'],
  ]),
}

test('what a record says of a package', async () => {
  using at = scratch()
  await xbps.writePackage(at.at('p'), content)
  const { payload, file } = await readWhole(xbps, at.at('p'))
  expect(payload).toEqual(storedPayload(PAYLOAD))
  expect(file.record).toMatchObject({
    name: 'sample',
    version: '1.0_1',
    architecture: 'x86_64',
    source: 'samples',
    sourceVersion: '1.0_1',
    depends: [
      [{ name: 'glibc', operator: '>=', version: '2.36_1' }],
      [{ name: 'libfoo', operator: '>=', version: '1.0', with: [{ name: 'libfoo', operator: '<', version: '2' }] }],
    ],
    provides: [{ name: 'awk', operator: '=', version: '0_1' }],
    conflicts: [{ name: 'mawk', operator: '>=', version: '0' }],
    obsoletes: [{ name: 'sampel', operator: '<', version: '2_1' }],
    replaces: [],
    shlibRequires: ['libc.so.6'],
    shlibProvides: ['libsample.so.1'],
    installedSize: 1,
    description: 'A sample for tests',
  })
  expect(file.fields).toEqual(
    [...content.fields, ['installed_size', '95'], ['pkgname', 'sample'], ['version', '1.0_1']].toSorted((a, b) =>
      (a[0] ?? '') < (b[0] ?? '') ? -1 : (a[0] ?? '') > (b[0] ?? '') ? 1 : 0,
    ),
  )
  expect(file.control.get('INSTALL.msg')?.bytes.toString()).toBe('Welcome.\n')
})

test('the archive is laid out as xbps-create does', async () => {
  using at = scratch()
  await xbps.writePackage(at.at('p'), {
    ...content,
    control: new Map([...content.control, ['REMOVE', { bytes: Buffer.from('x'), mode: 0o755 }]]),
  })
  const { members, texts } = listed(zstdDecompressSync(readFileSync(at.at('p'))))
  expect(members).toEqual([
    './REMOVE',
    './INSTALL',
    './props.plist',
    './files.plist',
    // From the last to the first, and no directories.
    './usr/share-more',
    './usr/share/ä',
    `./usr/share/${'q'.repeat(140)}`,
    './usr/share/empty',
    `./${long}/split`,
    './usr/bin/up',
    './usr/bin/sample',
    './usr/bin/link',
    './usr/bin/far',
    './usr/bin/away',
    './usr/bin/again',
    './etc/sample.conf',
  ])
  const list = texts.get('./files.plist') ?? ''
  const paths = [...list.matchAll(/<key>(\w+)<\/key>\n\t<array>|<key>file<\/key>\n\t+<string>(.*)<\/string>/g)]
  expect(paths.map(([, group, path]) => group ?? path)).toEqual([
    'conf_files',
    '/etc/sample.conf',
    'dirs',
    ...PAYLOAD.flatMap(({ path, type }) => (type === 'directory' ? [`/${path}`] : [])),
    'files',
    '/usr/bin/again',
    '/usr/bin/sample',
    `/${long}/split`,
    '/usr/share/empty',
    `/usr/share/${'q'.repeat(140)}`,
    '/usr/share/ä',
    '/usr/share-more',
    'links',
    '/usr/bin/away',
    '/usr/bin/far',
    '/usr/bin/link',
    '/usr/bin/up',
  ])
  // A link is listed with where it leads, if that is in the package; else as it is.
  expect(/<key>links<[^]*<\/array>/.exec(list)?.[0].match(/(?<=<key>target<\/key>\n\t+<string>).*(?=<)/g)).toEqual([
    '../lib/x',
    '/opt/x',
    '/usr/bin/sample',
    '/etc/sample.conf',
  ])
  // Each with what it holds, an empty file without a size.
  expect(list).toContain(`\t\t<dict>
\t\t\t<key>file</key>
\t\t\t<string>/usr/share/empty</string>
\t\t\t<key>sha256</key>
\t\t\t<string>e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855</string>
\t\t</dict>
`)
  expect(list).toContain('<key>size</key>\n\t\t\t<integer>21</integer>')
  const props = texts.get('./props.plist') ?? ''
  const keys = [...props.matchAll(/^\t<key>(.*)<\/key>$/gm)].map(([, key = '']) => key)
  expect(keys).toEqual(keys.toSorted(compareText))
  expect(keys).toEqual(expect.arrayContaining(['pkgname', 'version', 'installed_size', 'install-msg']))
})

/** Names and contents of an archive, by a reader that knows nothing but ustar and its extended names. */
function listed(tar: Buffer) {
  const texts = new Map<string, string>()
  let extended: string | undefined
  for (let at = 0; tar[at] !== 0; ) {
    const text = (offset: number, length: number) =>
      tar.toString('utf8', at + offset, at + offset + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 12), 8)
    const body = tar.toString('utf8', at + 512, at + 512 + size)
    if (text(156, 1) === 'x') extended = /path=(.*)\n/.exec(body)?.[1]
    else {
      const prefix = text(345, 155)
      texts.set(extended ?? (prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`), body)
      extended = undefined
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  return { members: [...texts.keys()], texts }
}

describe.skipIf(!haveTools('bsdtar'))(`libarchive, which xbps reads and writes with${skipReason('bsdtar')}`, () => {
  test.each(['zst', 'xz', 'gz', 'none'] as const)('extracts %s', async (compression) => {
    using at = scratch()
    await xbps.writePackage(at.at('p'), { ...content, compression })
    mkdirSync(at.at('out'))
    await run(['bsdtar', '-xpf', at.at('p'), '-C', at.at('out')], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } })
    for (const member of PAYLOAD) {
      const stat = lstatSync(at.at('out', member.path))
      if (member.type !== 'file') continue
      expect(readFileSync(at.at('out', member.path)).equals(member.bytes), member.path).toBe(true)
      expect(stat.mode & 0o7777).toBe(member.mode)
      expect(stat.mtimeMs).toBe(member.mtime * 1000)
    }
    expect(lstatSync(at.at('out/usr/bin/again')).ino).toBe(lstatSync(at.at('out/usr/bin/sample')).ino)
  })

  test('writes the same bytes for the same members', async () => {
    using at = scratch()
    await xbps.writePackage(at.at('p'), { ...content, compression: 'none' })
    mkdirSync(at.at('out'))
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }
    await run(['bsdtar', '-xpf', at.at('p'), '-C', at.at('out')], { env })
    const own = readFileSync(at.at('p'))
    const names = listed(own).members.filter((name) => !/PaxHeader|\.plist$/.test(name))
    const owner = ['--uid', '0', '--gid', '0', '--uname', 'root', '--gname', 'root']
    await run(['bsdtar', '-cnf', at.at('theirs'), ...owner, '-b1', ...names], { env, cwd: at.at('out') })
    const theirs = readFileSync(at.at('theirs'))
    // The plists have a time of 0, which the extracted files have not: they stand between INSTALL and the payload.
    const payload = own.subarray(own.indexOf('./usr/share-more\0'))
    expect(theirs.subarray(theirs.indexOf('./usr/share-more\0')).equals(payload)).toBe(true)
  })
})

describe('what cannot be written is refused', () => {
  const cases: [string, Partial<PackageToWrite>][] = [
    [
      'no pkgver',
      {
        fields: [
          ['short_desc', 'x'],
          ['architecture', 'x86_64'],
        ],
      },
    ],
    [
      'a pkgver without a revision',
      {
        fields: [
          ['pkgver', 'a-1'],
          ['short_desc', 'x'],
          ['architecture', 'x86_64'],
        ],
      },
    ],
    [
      'no description',
      {
        fields: [
          ['pkgver', 'a-1_1'],
          ['architecture', 'x86_64'],
        ],
      },
    ],
    [
      'no architecture',
      {
        fields: [
          ['pkgver', 'a-1_1'],
          ['short_desc', 'x'],
        ],
      },
    ],
    ['another name', { fields: sampleFields('a', '1_1', [['pkgname', 'b']]) }],
    ['a field twice', { fields: sampleFields('a', '1_1', [['license', 'x']]) }],
    ['a broken pattern', { fields: sampleFields('a', '1_1', [['conflicts', '>=']]) }],
    ['a virtual package without a revision', { fields: sampleFields('a', '1_1', [['provides', 'foo-9999']]) }],
    ['a broken alternative', { fields: sampleFields('a', '1_1', [['alternatives', 'vi']]) }],
    ['an unknown control file', { control: new Map([['postinst', { bytes: Buffer.from(''), mode: 0o755 }]]) }],
    ['a payload named as metadata', { payload: [file('INSTALL', '')] }],
    ['a path that leads out', { payload: [file('../x', '')] }],
    ['a directory with a mode', { payload: [{ ...directory('tmp'), mode: 0o1777 }] }],
    ['a device', { payload: [{ ...root, path: 'null', type: 'character', device: { major: 1, minor: 3 } }] }],
    ['a file below a link', { payload: [{ ...root, path: 'a', type: 'symlink', target: '/' }, file('a/b', '')] }],
    ['an extended attribute', { payload: [{ ...file('a', ''), xattrs: { 'user.a': '' } }] }],
    ['a link to nothing', { payload: [{ ...root, path: 'a', type: 'hardlink', target: 'b' }] }],
    ['a size that is not', { payload: [{ ...file('a', 'b'), size: 2 }] }],
  ]
  test.each(cases)('%s', async (_what, more) => {
    using at = scratch()
    await expect(xbps.writePackage(at.at('p'), { ...content, ...more })).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_UNWRITABLE' }),
    )
  })
})

describe('an archive that says two things is refused', () => {
  const plist = (body: string) => `<plist version="1.0"><dict>${body}</dict></plist>`
  const props = plist(
    '<key>pkgver</key><string>a-1_1</string><key>architecture</key><string>noarch</string><key>short_desc</key><string>x</string>',
  )
  const listedFile = (path: string, sha256: string) =>
    `<dict><key>file</key><string>${path}</string><key>sha256</key><string>${sha256}</string></dict>`
  const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const files = plist(`<key>files</key><array>${listedFile('/x', EMPTY)}</array>`)
  type Members = readonly (readonly [name: string, text: string])[]

  async function read(members: Members) {
    using at = scratch()
    const parts = members.flatMap(([name, text]) => {
      const bytes = Buffer.from(text)
      return [ustarHeader({ ...root, name, type: 'file', size: bytes.length }), bytes, ustarPadding(bytes.length)]
    })
    writeFileSync(at.at('p'), zstdCompressSync(Buffer.concat([...parts, USTAR_END])))
    return await readWhole(xbps, at.at('p'))
  }

  test('but not one that is sound', async () => {
    const { payload, file } = await read([
      ['./files.plist', files],
      ['./props.plist', props],
      ['./x', ''],
    ])
    expect(payload.map(({ path }) => path)).toEqual(['x'])
    expect(file.record).toMatchObject({ name: 'a', version: '1_1', architecture: 'noarch' })
  })

  test.each([
    ['nothing', []],
    [
      'no files.plist',
      [
        ['./props.plist', props],
        ['./x', ''],
      ],
    ],
    [
      'files.plist after the payload',
      [
        ['./props.plist', props],
        ['./x', ''],
        ['./files.plist', files],
      ],
    ],
    [
      'props.plist twice',
      [
        ['./props.plist', props],
        ['./props.plist', props],
        ['./files.plist', files],
        ['./x', ''],
      ],
    ],
    [
      'other bytes',
      [
        ['./props.plist', props],
        ['./files.plist', files],
        ['./x', 'y'],
      ],
    ],
    [
      'a file that is not listed',
      [
        ['./props.plist', props],
        ['./files.plist', files],
        ['./x', ''],
        ['./y', ''],
      ],
    ],
    [
      'a script behind the payload',
      [
        ['./props.plist', props],
        ['./files.plist', files],
        ['./x', ''],
        ['./INSTALL', ''],
      ],
    ],
    [
      'a file twice',
      [
        ['./props.plist', props],
        ['./files.plist', files],
        ['./x', ''],
        ['./x', ''],
      ],
    ],
    [
      'a listed file that is not there',
      [
        ['./props.plist', props],
        ['./files.plist', files],
      ],
    ],
    [
      'a list that leads out',
      [
        ['./props.plist', props],
        ['./files.plist', plist(`<key>files</key><array>${listedFile('/../x', EMPTY)}</array>`)],
      ],
    ],
    [
      'a list without digests',
      [
        ['./props.plist', props],
        ['./files.plist', plist(`<key>files</key><array>${listedFile('/x', '')}</array>`)],
      ],
    ],
    [
      'a directory that is a file',
      [
        ['./props.plist', props],
        [
          './files.plist',
          plist(
            `<key>dirs</key><array><dict><key>file</key><string>/x</string></dict></array><key>files</key><array>${listedFile('/x', EMPTY)}</array>`,
          ),
        ],
        ['./x', ''],
      ],
    ],
    [
      'a number for a name',
      [
        ['./props.plist', plist('<key>pkgver</key><integer>1</integer>')],
        ['./files.plist', plist('')],
      ],
    ],
  ] satisfies [string, Members][])('%s', async (_what, members) => {
    await expect(read(members)).rejects.toThrow(expect.objectContaining({ code: 'PACKAGE_MALFORMED' }))
  })
})
