import { writeFileSync } from 'node:fs'
import { run, SYSTEM_PATH } from '@holotype/base'
import { expect, test } from 'vitest'
import { checksum } from '../archive/tar-header.ts'
import type { TarMember } from '../archive/tar-write.ts'
import { readWhole } from '../testing/payloads.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { alpm } from './index.ts'
import { libarchiveGuard } from './libarchive-guard.ts'
import { paxArchive, paxMembers, TAR_END } from './tar-pax.ts'
import { sampleFields } from './testing.ts'

function file(path: string, text = 'x'): TarMember {
  const bytes = Buffer.from(text)
  return { path, type: 'file', mode: 0o755, uid: 0, gid: 0, mtime: 1_700_000_000, size: bytes.length, bytes }
}

/** A member's blocks, its header altered. */
function altered(member: TarMember, alter: (header: Buffer) => void): Buffer {
  const block = Buffer.concat([...paxMembers([member])])
  alter(block)
  block.write(`${checksum(block.subarray(0, 512)).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** An extended header (`x`, `g`) or a long name (`L`) with this body. */
function extension(flag: string, body: string): Buffer {
  return altered(file('PaxHeader', body), (header) => header.write(flag, 156, 'latin1'))
}

function record(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`
  let length = rest.length
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return `${length}${rest}`
}

function member(path: string): Buffer {
  return Buffer.concat([...paxMembers([file(path)])])
}

const PKGINFO = sampleFields('sample', '1.0-1')
  .map(([name, value]) => `${name} = ${value}\n`)
  .join('')

async function read(...blocks: Buffer[]): ReturnType<typeof readWhole> {
  using directory = scratch()
  const info = Buffer.concat([...paxMembers([file('.PKGINFO', PKGINFO)])])
  writeFileSync(directory.at('p'), Buffer.concat([info, ...blocks, TAR_END]))
  // The directory must outlast the reading.
  return await readWhole(alpm, directory.at('p'))
}

const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('base64')

test.each([
  [
    'an attribute that libarchive alone reads',
    [extension('x', record('LIBARCHIVE.xattr.security.capability', CAPABILITY)), member('a')],
    /LIBARCHIVE.xattr.security.capability/,
  ],
  [
    'an attribute whose name is encoded',
    [extension('x', record('LIBARCHIVE.xattr.user%2Ea', 'Yg') + record('SCHILY.xattr.user%2Ea', 'b')), member('a')],
    /LIBARCHIVE.xattr.user%2Ea/,
  ],
  [
    'an attribute with two values',
    [extension('x', record('LIBARCHIVE.xattr.user.a', 'YQ') + record('SCHILY.xattr.user.a', 'b')), member('a')],
    /LIBARCHIVE.xattr.user.a/,
  ],
  [
    'a sparse member with another name',
    [extension('x', record('GNU.sparse.name', 'usr/bin/su') + record('GNU.sparse.major', '1')), member('a')],
    /GNU.sparse.name/,
  ],
  [
    'a global header that names members',
    [extension('g', record('path', 'b')), member('a')],
    /global header holds path/,
  ],
  [
    'two extended headers',
    [extension('x', record('path', 'b')), extension('x', record('path', 'c')), member('a')],
    /two extended headers/,
  ],
  ['two long names', [extension('L', 'b\0'), extension('x', record('path', 'c')), member('a')], /named twice/],
  [
    'a path that pacman passes over',
    [altered(file('xxa'), (header) => header.write('./a', 0, 'latin1'))],
    /begins with .\//,
  ],
  [
    'a hard link with content',
    [member('a'), altered(file('b'), (header) => header.write('1', 156, 'latin1'))],
    /has content/,
  ],
  ['a size that is no number', [extension('x', record('size', '1.5')), member('a')], /its size is no number/],
] as const)('%s is refused', async (_, blocks, what) => {
  const failure = read(...blocks)
  await expect(failure).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED' })
  await expect(failure).rejects.toThrow(what)
})

test('what both read alike is let pass', async () => {
  const both = record('LIBARCHIVE.xattr.user.a', 'Yg') + record('SCHILY.xattr.user.a', 'b')
  const { payload } = await read(
    extension('g', record('comment', 'from git')),
    extension('x', both + record('SCHILY.acl.access', 'user::rwx') + record('mtime', '5.25')),
    member('a'),
    extension('L', `${'d'.repeat(200)}\0`),
    member('b'),
  )
  expect(payload.map(({ path, mtime, xattrs }) => ({ path, mtime, xattrs }))).toEqual([
    { path: 'a', mtime: 5, xattrs: { 'user.a': Buffer.from('b').toString('base64') } },
    { path: 'd'.repeat(200), mtime: 1_700_000_000, xattrs: undefined },
  ])
})

test('headers are found however the bytes are cut, and bytes pass unchanged', async () => {
  const good = Buffer.concat([...paxArchive([file('a', 'x'.repeat(1500)), file('d'.repeat(150)), file('c', '')])])
  const bad = Buffer.concat([good.subarray(0, -1024), extension('g', record('path', 'b')), TAR_END])
  for (const step of [1, 7, 511, 512, 513, 4000]) {
    const pieces = async function* (bytes: Buffer) {
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
    }
    const through: Uint8Array[] = []
    for await (const chunk of libarchiveGuard(pieces(good))) through.push(chunk)
    expect(Buffer.concat(through).equals(good)).toBe(true)
    const drain = async () => {
      for await (const chunk of libarchiveGuard(pieces(bad))) expect(chunk.length).toBeGreaterThan(0)
    }
    await expect(drain(), `in steps of ${step}`).rejects.toThrow(/global header/)
  }
})

test.skipIf(!haveTools('bsdtar', 'setfattr', 'setcap') || process.getuid?.() !== 0)(
  `attributes, capabilities and long names as bsdtar writes them are read${skipReason('bsdtar', 'setfattr', 'setcap')}`,
  async () => {
    using directory = scratch()
    const long = 'ä'.repeat(80)
    for (const [name, text] of [
      ['.PKGINFO', PKGINFO],
      ['capable', 'x'],
      [long, 'y'],
    ] as const)
      writeFileSync(directory.at(name), text)
    await run(['setcap', 'cap_net_raw=ep', directory.at('capable')])
    await run(['setfattr', '-n', 'user.text', '-v', 'ü\n', directory.at('capable')])
    await run(['bsdtar', '-cnf', 'package', '.PKGINFO', 'capable', long], {
      cwd: directory.path,
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
    })
    const { payload } = await readWhole(alpm, directory.at('package'))
    expect(payload.map(({ path }) => path)).toEqual(['capable', long])
    expect(payload[0]?.xattrs).toEqual({
      'security.capability': CAPABILITY,
      'user.text': Buffer.from('ü\n').toString('base64'),
    })
  },
)
