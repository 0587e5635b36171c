import { writeFileSync } from 'node:fs'
import { constants, zstdCompressSync } from 'node:zlib'
import { run, SYSTEM_PATH } from '@holotype/base'
import { expect, test } from 'vitest'
import { checksum } from './tar-header.ts'
import type { InMemory } from './content.ts'
import { readWhole } from '../testing/payloads.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { alpm } from '../alpm/index.ts'
import { xbps } from '../xbps/index.ts'
import { libarchiveGuard } from './libarchive-guard.ts'
import { TAR_END, writePax } from '../alpm/tar-pax.ts'
import { sampleFields } from '../alpm/testing.ts'

function file(path: string, text = 'x'): InMemory {
  const bytes = Buffer.from(text)
  return { path, type: 'file', mode: 0o755, uid: 0, gid: 0, mtime: 1_700_000_000, size: bytes.length, bytes }
}

/** A member's blocks, its header altered. */
function altered(member: InMemory, alter: (header: Buffer) => void): Buffer {
  const block = writePax([member])
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
  return writePax([file(path)])
}

const REFUSED = { dotSlash: 'refused' } as const

const PKGINFO = sampleFields('sample', '1.0-1')
  .map(([name, value]) => `${name} = ${value}\n`)
  .join('')

async function read(...blocks: Buffer[]): ReturnType<typeof readWhole> {
  using directory = scratch()
  const info = writePax([file('.PKGINFO', PKGINFO)])
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
  ['two long names for one member', [extension('L', 'b\0'), extension('L', 'c\0'), member('a')], /two long names/],
  [
    'a prefix that libarchive alone reads',
    [
      altered(file('a'), (header) => {
        header.write('ustar\x01', 257, 'latin1')
        header.write('evil', 345, 'latin1')
      }),
    ],
    /neither of ustar nor of GNU/,
  ],
  [
    'a file with the name of a directory',
    [altered(file('ab', ''), (header) => header.write('a/', 0, 'latin1'))],
    /name of a directory/,
  ],
  [
    'a size that libarchive reads as 0',
    [altered(file('a', 'x'.repeat(512)), (header) => header.write('\x0000000001000', 124, 'latin1'))],
    /not octal/,
  ],
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
  const good = Buffer.concat([writePax([file('.a', 'x'.repeat(1500)), file('d'.repeat(150)), file('c', '')]), TAR_END])
  const bad = Buffer.concat([good.subarray(0, -1024), extension('g', record('path', 'b')), TAR_END])
  for (const step of [1, 7, 511, 512, 513, 4000]) {
    const pieces = async function* (bytes: Buffer) {
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
    }
    const through: Uint8Array[] = []
    for await (const chunk of libarchiveGuard(pieces(good), REFUSED)) through.push(chunk)
    expect(Buffer.concat(through).equals(good)).toBe(true)
    const drain = async () => {
      for await (const chunk of libarchiveGuard(pieces(bad), REFUSED)) expect(chunk.length).toBeGreaterThan(0)
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

/** Text as uuencode(1) writes it. */
function uuencoded(bytes: Buffer): string {
  const character = (value: number) => String.fromCharCode(value === 0 ? 96 : value + 32)
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 45) {
    const line = bytes.subarray(at, at + 45)
    let text = character(line.length)
    for (let i = 0; i < line.length; i += 3) {
      const three = ((line[i] ?? 0) << 16) | ((line[i + 1] ?? 0) << 8) | (line[i + 2] ?? 0)
      for (const shift of [18, 12, 6, 0]) text += character((three >> shift) & 63)
    }
    lines.push(text)
  }
  return `begin 644 a\n${lines.join('\n')}\n`
}

test.skipIf(!haveTools('bsdtar'))(
  `a tar whose first name is another, uuencoded archive to libarchive is refused${skipReason('bsdtar')}`,
  async () => {
    using directory = scratch()
    const columns: readonly (readonly [string, number])[] = [
      ['evil/', 16],
      ['0', 12],
      ['0', 6],
      ['0', 6],
      ['644', 8],
      ['0', 10],
    ]
    const inner = Buffer.from(`!<arch>\n${columns.map(([text, width]) => text.padEnd(width)).join('')}\`\n`)
    const params = { [constants.ZSTD_c_compressionLevel]: 19 }
    const name = uuencoded(zstdCompressSync(inner, { params, pledgedSrcSize: inner.length })).concat('`\nend\n')
    // The name of an extended header means nothing to a tar reader.
    const disguised = altered(file('PaxHeader', record('comment', 'x')), (header) => {
      header.fill(0, 0, 100)
      header.write(name, 0, 'latin1')
      header.write('x', 156, 'latin1')
    })
    writeFileSync(directory.at('p'), Buffer.concat([disguised, writePax([file('.PKGINFO', PKGINFO)]), TAR_END]))
    const { stdout } = await run(['bsdtar', '-tf', directory.at('p')])
    expect(stdout.toString()).toBe('evil\n')
    for (const format of [alpm, xbps])
      await expect(readWhole(format, directory.at('p'))).rejects.toThrow(/the first member's name is "begin 644 a/)
  },
)
