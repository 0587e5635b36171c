import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { digestOf, hexOf, run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { readWhole } from '../testing/contract.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { PackageToWrite } from '../types.ts'
import { writeTar } from '../archive/tar-write.ts'
import { writeAr } from './ar.ts'
import { renderStanza } from './control.ts'
import { deb } from './index.ts'
import { sampleFields } from './testing.ts'

const needs = ['dpkg-deb', 'dpkg'] as const
const there = haveTools(...needs)
const why = skipReason(...needs)
const root = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }

/** A package that dpkg-deb builds, compressed as told. */
async function built(
  at: (...parts: string[]) => string,
  compression: string,
  more: readonly string[] = [],
): Promise<string> {
  mkdirSync(at('tree/DEBIAN'), { recursive: true })
  mkdirSync(at('tree/usr/share/doc/sample'), { recursive: true })
  writeFileSync(
    at('tree/DEBIAN/control'),
    sampleFields('sample', '1:2.0-3', [
      ['Depends', 'libc6 (>= 2.36)'],
      ['Source', 'samples (2.0)'],
    ])
      .map(([n, v]) => `${n}: ${v}\n`)
      .join(''),
  )
  writeFileSync(at('tree/DEBIAN/conffiles'), '/etc/sample.conf\n')
  writeFileSync(at('tree/DEBIAN/postinst'), '#!/bin/sh\n')
  chmodSync(at('tree/DEBIAN/postinst'), 0o755)
  mkdirSync(at('tree/etc'))
  writeFileSync(at('tree/etc/sample.conf'), 'a = 1\n')
  writeFileSync(at('tree/usr/share/doc/sample/big'), Buffer.alloc(300_000, 'holotype '))
  writeFileSync(at('tree/usr/share/doc/sample', 'n'.repeat(150)), 'long name')
  symlinkSync('big', at('tree/usr/share/doc/sample/link'))
  await run(['dpkg-deb', `-Z${compression}`, ...more, '--root-owner-group', '--build', at('tree'), at('p.deb')], {
    env: { PATH: '/usr/bin:/bin', SOURCE_DATE_EPOCH: '1700000000' },
  })
  return at('p.deb')
}

test.skipIf(!there).each(['xz', 'gzip', 'zstd', 'none'])(
  `a package that dpkg-deb built is read: %s${why}`,
  async (compression) => {
    using directory = scratch()
    const path = await built(directory.at, compression)
    const { payload, file } = await readWhole(deb, path)
    expect(file.record).toMatchObject({
      name: 'sample',
      version: '1:2.0-3',
      architecture: 'amd64',
      source: 'samples',
      sourceVersion: '2.0',
      depends: [[{ name: 'libc6', operator: '>=', version: '2.36' }]],
      size: statSync(path).size,
      sha256: hexOf(digestOf(readFileSync(path))),
      description: 'a sample for tests',
    })
    expect(file.fields.at(-1)).toEqual(['Description', 'a sample for tests\n It says hello.\n .\n Nothing more.'])
    expect(Object.fromEntries([...file.control].map(([name, { mode }]) => [name, mode]))).toEqual({
      control: 0o644,
      conffiles: 0o644,
      postinst: 0o755,
    })
    const { stdout } = await run(['dpkg-deb', '--contents', path])
    const listed = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => /(\.\/.*)$/.exec(line)?.[1]?.replace(/ -> .*/, ''))
    expect(payload.map(({ path, type }) => `./${path}${type === 'directory' && path !== '' ? '/' : ''}`)).toEqual(
      listed,
    )
    const member = (end: string) => payload.find(({ path }) => path.endsWith(end))
    expect(member('big')?.bytes?.equals(Buffer.alloc(300_000, 'holotype '))).toBe(true)
    expect(member('link')).toMatchObject({ type: 'symlink', target: 'big' })
    expect(member('nnn')?.bytes?.toString()).toBe('long name')
    // Without a visitor the record is the same.
    expect((await deb.readPackage(path)).record).toEqual(file.record)
  },
)

test.skipIf(!there).each(['xz', 'gzip', 'zstd', 'none'])(
  `a package whose members dpkg-deb compressed each in its own way is read: %s${why}`,
  async (compression) => {
    using directory = scratch()
    const path = await built(directory.at, compression, ['--no-uniform-compression'])
    const { payload, file } = await readWhole(deb, path)
    expect(file.scripts).toEqual([{ name: 'postinst', interpreter: ['/bin/sh'], text: '#!/bin/sh\n' }])
    expect(payload.find(({ path }) => path.endsWith('big'))?.bytes?.length).toBe(300_000)
  },
)

describe('what we write', () => {
  const content: PackageToWrite = {
    fields: sampleFields('written', '1:1.0-1'),
    control: new Map([
      ['postinst', { bytes: Buffer.from('#!/bin/sh\nexit 0\n'), mode: 0o755 }],
      ['conffiles', { bytes: Buffer.from('/etc/written.conf\n'), mode: 0o644 }],
    ]),
    payload: [
      { ...root, path: 'etc/written.conf', type: 'file', mode: 0o640, size: 2, bytes: Buffer.from('x\n') },
      { ...root, path: 'usr/bin/tool', type: 'file', mode: 0o4755, size: 3, bytes: Buffer.from('abc') },
      { ...root, path: 'usr/bin/also', type: 'hardlink', mode: 0o4755, target: 'usr/bin/tool' },
      { ...root, path: `usr/${'l'.repeat(120)}`, type: 'symlink', mode: 0o777, target: `bin/${'t'.repeat(120)}` },
    ],
    epoch: 1_700_000_000,
  }

  test.skipIf(!there)(`dpkg-deb reads${why}`, async () => {
    using directory = scratch()
    await deb.writePackage(directory.at('p.deb'), content)
    const field = await run([
      'dpkg-deb',
      '--show',
      '--showformat=${Package} ${Version} ${Architecture}\n${Description}\n',
      directory.at('p.deb'),
    ])
    expect(field.stdout.toString()).toBe(
      'written 1:1.0-1 amd64\na sample for tests\n It says hello.\n .\n Nothing more.\n',
    )
    expect((await run(['dpkg-deb', '--info', directory.at('p.deb')])).stdout.toString()).toMatch(
      /postinst +\*? *#!\/bin\/sh/,
    )
    const contents = (
      await run(['dpkg-deb', '--contents', directory.at('p.deb')], {
        env: { PATH: '/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' },
      })
    ).stdout.toString()
    expect(contents).toContain('drwxr-xr-x root/root         0 2023-11-14 22:13 ./usr/bin/\n')
    expect(contents).toContain('-rwsr-xr-x root/root         3 2023-11-14 22:13 ./usr/bin/tool\n')
    expect(contents).toContain(
      'hrwsr-xr-x root/root         0 2023-11-14 22:13 ./usr/bin/also link to ./usr/bin/tool\n',
    )
    await run(['dpkg-deb', '--extract', directory.at('p.deb'), directory.at('out')])
    expect(readFileSync(directory.at('out/etc/written.conf'), 'utf8')).toBe('x\n')
    expect(statSync(directory.at('out/usr/bin/also')).ino).toBe(statSync(directory.at('out/usr/bin/tool')).ino)
  })

  const asRoot = there && process.getuid?.() === 0
  test.skipIf(!asRoot)(`dpkg installs and verifies${asRoot ? '' : ' (skipped: needs dpkg and root)'}`, async () => {
    using directory = scratch()
    await deb.writePackage(directory.at('p.deb'), {
      ...content,
      control: new Map([...content.control].filter(([name]) => name === 'conffiles')),
    })
    mkdirSync(directory.at('root/var/lib/dpkg/info'), { recursive: true })
    mkdirSync(directory.at('root/var/lib/dpkg/updates'))
    writeFileSync(directory.at('root/var/lib/dpkg/status'), '')
    await run([
      'dpkg',
      `--root=${directory.at('root')}`,
      '--force-script-chrootless',
      '--log=/dev/null',
      '--install',
      directory.at('p.deb'),
    ])
    expect(deb.readInstalled(directory.at('root'))).toEqual([
      { name: 'written', version: '1:1.0-1', architecture: 'amd64', source: 'written', state: 'installed' },
    ])
    expect(statSync(directory.at('root/usr/bin/tool')).mode & 0o7777).toBe(0o4755)
  })

  const file = { ...root, path: 'x', type: 'file' } as const
  test.each([
    ['a path that climbs', { ...file, path: '../x' }],
    ['an absolute path', { ...file, path: '/x' }],
    ['a path that is not normal', { ...file, path: 'a//x' }],
    ['a size that is not its bytes’', { ...file, size: 3, bytes: Buffer.from('ab') }],
    ['a link without a target', { ...file, type: 'symlink' as const }],
    ['a hard link to nothing', { ...file, type: 'hardlink' as const, target: 'y' }],
    ['an extended attribute', { ...file, xattrs: { 'user.a': 'Yg==' } }],
  ])('is refused: %s', async (_, member) => {
    using directory = scratch()
    await expect(deb.writePackage(directory.at('p'), { ...content, payload: [member] })).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_UNWRITABLE' }),
    )
  })

  test.each([
    ['a version with a space', sampleFields('x', '1 2')],
    ['a value that would start a field of its own', sampleFields('x', '1', [['Homepage', 'a\nEssential: yes']])],
  ])('is refused: %s', async (_, fields) => {
    using directory = scratch()
    await expect(deb.writePackage(directory.at('p'), { ...content, fields })).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_UNWRITABLE' }),
    )
  })
})

describe('an archive that is no package', () => {
  const version = { name: 'debian-binary', bytes: Buffer.from('2.0\n') }
  const tar = { name: 'control.tar', bytes: Buffer.alloc(1024) }
  test.each([
    ['other members first', [tar, version]],
    ['another version', [{ ...version, bytes: Buffer.from('3.0\n') }, tar]],
    ['a version without an end', [{ ...version, bytes: Buffer.alloc(2_000_000, '2') }]],
    ['no control file', [version, tar, { ...tar, name: 'data.tar' }]],
    ['a compression dpkg does not have', [version, { ...tar, name: 'control.tar.br' }]],
    ['data before control', [version, { ...tar, name: 'data.tar' }]],
  ])('is malformed: %s', async (_, members) => {
    using directory = scratch()
    writeFileSync(directory.at('p'), writeAr(members, 0))
    await expect(deb.readPackage(directory.at('p'))).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_MALFORMED' }),
    )
  })

  test('is malformed when only the last checksum of its payload is wrong', async () => {
    using directory = scratch()
    const control = writeTar([
      { ...root, path: 'control', type: 'file', bytes: Buffer.from(renderStanza(sampleFields('x', '1'))) },
    ])
    // Padding enough that the tar is done long before the stream is.
    const data = gzipSync(
      Buffer.concat([
        writeTar([{ ...root, path: 'x', type: 'file', bytes: Buffer.from('sound') }]),
        Buffer.alloc(4_000_000),
      ]),
    )
    const members = (bytes: Buffer) => [
      version,
      { name: 'control.tar', bytes: control },
      { name: 'data.tar.gz', bytes },
    ]
    writeFileSync(directory.at('sound'), writeAr(members(data), 0))
    expect((await readWhole(deb, directory.at('sound'))).payload).toHaveLength(1)
    const damaged = Buffer.from(data)
    damaged[data.length - 8] = (damaged[data.length - 8] ?? 0) ^ 1
    writeFileSync(directory.at('p'), writeAr(members(damaged), 0))
    await expect(readWhole(deb, directory.at('p'))).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_MALFORMED' }),
    )
  })

  test('is truncated without its members', async () => {
    using directory = scratch()
    writeFileSync(directory.at('p'), writeAr([version], 0))
    await expect(deb.readPackage(directory.at('p'))).rejects.toThrow(
      expect.objectContaining({ code: 'PACKAGE_TRUNCATED' }),
    )
  })

  test('is unreadable when it is not there, or a directory', async () => {
    using directory = scratch()
    const unreadable = expect.objectContaining({ code: 'FILE_UNREADABLE' })
    await expect(deb.readPackage(directory.at('none'))).rejects.toThrow(unreadable)
    await expect(deb.readPackage(directory.path)).rejects.toThrow(unreadable)
  })
})

test.each(['gz', 'xz', 'zst', 'none'] as const)(
  'what fails while it is compressed leaves nothing: %s',
  async (compression) => {
    using directory = scratch()
    const file = {
      ...root,
      path: 'x',
      type: 'file',
      size: 1,
      bytes: Buffer.from('x'),
      xattrs: { 'user.a': '' },
    } as const
    const large = {
      ...root,
      path: 'large',
      type: 'file',
      size: 2_000_000,
      bytes: Buffer.alloc(2_000_000, 'abc'),
    } as const
    const content = { fields: sampleFields('a', '1'), control: new Map(), epoch: 0, compression }
    await expect(deb.writePackage(directory.at('p.deb'), { ...content, payload: [large, file] })).rejects.toMatchObject(
      { code: 'PACKAGE_UNWRITABLE' },
    )
    expect(readdirSync(directory.path)).toEqual([])
    await deb.writePackage(directory.at('p.deb'), { ...content, payload: [large, { ...file, xattrs: {} }] })
    const { payload } = await readWhole(deb, directory.at('p.deb'))
    expect(payload.map(({ bytes }) => bytes?.length)).toEqual([undefined, 2_000_000, 1])
  },
)

test.skipIf(!there).each(['gz', 'xz', 'zst', 'none'] as const)(
  `dpkg-deb unpacks what we compress: %s${why}`,
  async (compression) => {
    using directory = scratch()
    const bytes = Buffer.from(Array.from({ length: 200_001 }, (_, index) => (index * index) % 251))
    const file = { ...root, path: 'usr/share/data', type: 'file', mode: 0o644, size: bytes.length, bytes } as const
    const content = { fields: sampleFields('a', '1'), control: new Map(), epoch: 0, compression, payload: [file] }
    await deb.writePackage(directory.at('p.deb'), content)
    await run(['dpkg-deb', '--raw-extract', directory.at('p.deb'), directory.at('out')])
    expect(readFileSync(directory.at('out/usr/share/data')).equals(bytes)).toBe(true)
  },
)
