import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { run } from '@holotype/base'
import { type Header, pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { PayloadEntry } from '../types.ts'
import { checksum } from './tar-header.ts'
import { readTar } from './tar-read.ts'
import { writeTar } from './tar-write.ts'

type Member = PayloadEntry & { readonly text?: string }

/** Reads an archive given in chunks of `step` bytes. */
async function read(bytes: Buffer, step = bytes.length): Promise<Member[]> {
  async function* source() {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
  }
  const members: Member[] = []
  await readTar(source(), async (entry, content) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    members.push(entry.type === 'file' ? { ...entry, text: Buffer.concat(chunks).toString() } : entry)
  })
  return members
}

const base = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000, size: 0 }
const malformed = expect.objectContaining({ code: 'PACKAGE_MALFORMED' })

/** An archive that another library writes. */
async function packed(
  ...members: readonly (Partial<Header> & { readonly name: string; readonly content?: string })[]
): Promise<Buffer> {
  const archive = pack()
  for (const { content, ...header } of members) archive.entry({ mtime: new Date(0), ...header }, content ?? '')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

test.skipIf(!haveTools('tar')).each(['gnu', 'pax', 'ustar', 'v7'])(
  `archives that GNU tar writes are read: %s${skipReason('tar')}`,
  async (form) => {
    using directory = scratch()
    mkdirSync(directory.at('tree/sub'), { recursive: true })
    const long = form === 'v7' ? 'short' : `${'n'.repeat(90)}/${'m'.repeat(form === 'ustar' ? 90 : 150)}`
    mkdirSync(directory.at('tree', long.split('/')[0] ?? ''), { recursive: true })
    writeFileSync(directory.at('tree', long.includes('/') ? long : `${long}/f`), 'long')
    writeFileSync(directory.at('tree/sub/käse'), 'x'.repeat(1000))
    chmodSync(directory.at('tree/sub/käse'), 0o4755)
    utimesSync(directory.at('tree/sub/käse'), 1_600_000_000, 1_600_000_000)
    symlinkSync('/etc/passwd', directory.at('tree/sub/link'))
    linkSync(directory.at('tree/sub/käse'), directory.at('tree/sub/zweit'))
    const order = ['.', './sub', './sub/käse', './sub/link', './sub/zweit', `./${long.split('/')[0]}`]
    const argv = [
      '--no-recursion',
      `--format=${form}`,
      '--owner=root:0',
      '--group=root:0',
      '-C',
      directory.at('tree'),
      '-cf',
      directory.at('t'),
    ]
    await run(['tar', ...argv, ...order, `./${long.includes('/') ? long : `${long}/f`}`])
    const bytes = readFileSync(directory.at('t'))
    for (const step of [bytes.length, 700, 13]) {
      const members = await read(bytes, step)
      expect(members.map(({ path }) => path)).toEqual([
        '',
        'sub',
        'sub/käse',
        'sub/link',
        'sub/zweit',
        long.split('/')[0],
        long.includes('/') ? long : `${long}/f`,
      ])
      expect(members[2]).toMatchObject({
        type: 'file',
        mode: 0o4755,
        size: 1000,
        mtime: 1_600_000_000,
        uid: 0,
        text: 'x'.repeat(1000),
      })
      expect(members[3]).toMatchObject({ type: 'symlink', target: '/etc/passwd', size: 0 })
      expect(members[4]).toMatchObject({ type: 'hardlink', target: 'sub/käse' })
      expect(members[6]).toMatchObject({ text: 'long' })
    }
  },
)

test.skipIf(!haveTools('tar'))(`GNU tar reads what we write${skipReason('tar')}`, async () => {
  using directory = scratch()
  const deep = `${'d'.repeat(120)}/${'f'.repeat(130)}`
  const bytes = writeTar([
    { ...base, path: '', type: 'directory', mode: 0o755 },
    { ...base, path: 'd'.repeat(120), type: 'directory', mode: 0o755 },
    { ...base, path: deep, type: 'file', size: 3, bytes: Buffer.from('abc'), owner: 'root', group: 'root' },
    { ...base, path: 'l', type: 'symlink', target: deep },
    { ...base, path: 'big', type: 'file', uid: 3_000_000, mode: 0o600 },
    { ...base, path: 'null', type: 'character', device: { major: 1, minor: 3 } },
    { ...base, path: 'pipe', type: 'fifo' },
  ])
  writeFileSync(directory.at('t'), bytes)
  const { stdout, stderr } = await run(['tar', '-tvf', directory.at('t'), '--numeric-owner', '--utc'], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  })
  expect(stderr).toBe('')
  expect(
    stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ')),
  ).toEqual([
    'drwxr-xr-x 0/0 0 2023-11-14 22:13 ./',
    `drwxr-xr-x 0/0 0 2023-11-14 22:13 ./${'d'.repeat(120)}/`,
    `-rw-r--r-- 0/0 3 2023-11-14 22:13 ./${deep}`,
    `lrw-r--r-- 0/0 0 2023-11-14 22:13 ./l -> ${deep}`,
    '-rw------- 3000000/0 0 2023-11-14 22:13 ./big',
    'crw-r--r-- 0/0 1,3 2023-11-14 22:13 ./null',
    'prw-r--r-- 0/0 0 2023-11-14 22:13 ./pipe',
  ])
  expect((await read(bytes)).map(({ uid, device }) => ({ uid, device }))[5]).toEqual({
    uid: 0,
    device: { major: 1, minor: 3 },
  })
})

test('a long name whose hundredth byte is a slash is a file; a short one that ends in a slash is a directory', async () => {
  // `./` and 97 letters fill the header's field up to the slash.
  const path = `${'d'.repeat(97)}/f`
  const archive = writeTar([{ ...base, path, type: 'file', size: 1, bytes: Buffer.from('1') }])
  expect(await read(archive)).toMatchObject([{ path, type: 'file', text: '1' }])
  const old = writeTar([{ ...base, path: 'old', type: 'directory' }])
  old.write('0', 156)
  old.write(`${checksum(old.subarray(0, 512)).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  expect(await read(old)).toMatchObject([{ path: 'old', type: 'directory' }])
})

test('extended attributes keep values that are no text', async () => {
  // tar-stream writes PAX values as text; the bytes are put in afterwards, in place.
  const bytes = await packed({
    name: 'ping',
    pax: { 'SCHILY.xattr.security.capability': 'VVVVVV', 'SCHILY.xattr.user.a': 'b' },
    content: 'x',
  })
  const value = Buffer.from([1, 0, 0xff, 0x0a, 0x3d, 0x80])
  value.copy(bytes, bytes.indexOf('VVVVVV'))
  expect(await read(bytes, 100)).toMatchObject([
    {
      path: 'ping',
      text: 'x',
      xattrs: { 'security.capability': value.toString('base64'), 'user.a': Buffer.from('b').toString('base64') },
    },
  ])
})

test('PAX records win over the header', async () => {
  const pax = { path: 'other', uid: '4000000', gid: '7', mtime: '12.75', uname: 'ä', size: '2' }
  expect(await read(await packed({ name: 'x', pax, content: 'hi' }))).toMatchObject([
    { path: 'other', uid: 4_000_000, gid: 7, mtime: 12, owner: 'ä', text: 'hi' },
  ])
})

const dir = { name: 'd', type: 'directory' } as const
const link = { name: 'd', type: 'symlink', linkname: '/etc' } as const
test.each([
  ['a path that climbs', [{ name: '../x' }]],
  ['a path that climbs within', [{ name: 'a/../../x' }]],
  ['an absolute path', [{ name: '/etc/passwd' }]],
  ['an absolute path in a PAX record', [{ name: 'x', pax: { path: '/etc/passwd' } }]],
  ['a NUL in a PAX path', [{ name: 'x', pax: { path: 'a\0b' } }]],
  ['a path below a symbolic link', [link, { name: 'd/passwd' }]],
  ['a path below a file', [{ name: 'd', content: 'x' }, { name: 'd/passwd' }]],
  ['a symbolic link in place of a directory', [dir, link]],
  ['a symbolic link in place of a directory that was only implied', [{ name: 'd/x' }, link]],
  ['a hard link out of the archive', [{ name: 'x', type: 'link', linkname: '../../etc/shadow' } as const]],
  ['a hard link to what is not there', [{ name: 'x', type: 'link', linkname: 'y' } as const]],
  ['a hard link to a symbolic link', [link, { name: 'x', type: 'link', linkname: 'd' } as const]],
  ['a file as the root', [{ name: './', type: 'symlink', linkname: 'x' } as const]],
  ['a negative size', [{ name: 'x', pax: { size: '-1' } }]],
  ['a symbolic link to nothing', [{ name: 'x', type: 'symlink', linkname: '' } as const]],
])('refused: %s', async (_, members) => {
  await expect(packed(...members).then((bytes) => read(bytes))).rejects.toThrow(malformed)
})

/** The sample with a changed header, its checksum made right again. */
function patched(offset: number, bytes: Buffer): Buffer {
  const archive = writeTar([{ ...base, path: 'x', type: 'file', size: 1, bytes: Buffer.from('1') }])
  bytes.copy(archive, offset)
  const block = archive.subarray(0, 512)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return archive
}

test.each([
  ['a kind no package uses', patched(156, Buffer.from('S'))],
  ['a name that is not UTF-8', patched(2, Buffer.from([0xff, 0xfe]))],
  ['a mode that is not octal', patched(100, Buffer.from('0000999'))],
  [
    'a size beyond all bounds',
    patched(124, Buffer.from([0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
  ],
  ['an extension header beyond the limit', patched(156, Buffer.from('L')).fill('77777777777', 124, 135)],
])('refused: %s', async (_, archive) => {
  await expect(read(archive)).rejects.toThrow(malformed)
})

test('a wrong checksum and an early end are refused', async () => {
  const archive = writeTar([{ ...base, path: 'x', type: 'file', size: 600, bytes: Buffer.alloc(600) }])
  const broken = Buffer.from(archive)
  broken[0] = 0x79
  await expect(read(broken)).rejects.toThrow(malformed)
  await expect(read(archive.subarray(0, 1000))).rejects.toThrow(malformed)
  await expect(read(archive.subarray(0, 300))).rejects.toThrow(malformed)
})

test('what follows the end of the archive is not read', async () => {
  const hidden = writeTar([{ ...base, path: 'hidden', type: 'file' }])
  const archive = Buffer.concat([writeTar([{ ...base, path: 'x', type: 'file' }]), hidden])
  expect((await read(archive)).map(({ path }) => path)).toEqual(['x'])
})

test('what dpkg cannot read is not written', () => {
  const write = (more: Partial<PayloadEntry>) => () => writeTar([{ ...base, path: 'x', type: 'file', ...more }])
  const unwritable = expect.objectContaining({ code: 'PACKAGE_UNWRITABLE' })
  expect(write({ xattrs: { 'user.a': '' } })).toThrow(unwritable)
  expect(write({ mtime: -1 })).toThrow(unwritable)
  expect(write({ owner: 'x'.repeat(32) })).toThrow(unwritable)
})
