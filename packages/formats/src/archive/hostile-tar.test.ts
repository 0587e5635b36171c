import { expect, test } from 'vitest'
import { pathGuard } from './path-guard.ts'
import { checksum, TAR_BLOCK } from './tar-header.ts'
import { tarFiles } from './tar-memory.ts'
import { readTar } from './tar-read.ts'
import { writeTar } from './tar-write.ts'

const base = { mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0 } as const

/** A header with this flag, its fields altered, and its body. */
function member(flag: string, body: Buffer, alter: (header: Buffer) => void = () => {}): Buffer {
  const archive = writeTar([{ ...base, path: 'a', type: 'file', size: body.length, bytes: body }])
  const block = archive.subarray(0, -2 * TAR_BLOCK)
  block.write(flag, 156, 'latin1')
  alter(block)
  block.write(`${checksum(block.subarray(0, TAR_BLOCK)).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** An extended header's body of about `bytes` bytes. */
function records(bytes: number, keyword: (index: number) => string, value: string): Buffer {
  const all: string[] = []
  for (let index = 0, length = 0; length < bytes; index++) {
    const rest = ` ${keyword(index)}=${value}\n`
    let size = rest.length
    while (String(size).length + rest.length !== size) size = String(size).length + rest.length
    all.push(`${size}${rest}`)
    length += size
  }
  return Buffer.from(all.join(''))
}

async function read(blocks: Iterable<Buffer>): Promise<string[]> {
  const paths: string[] = []
  await readTar(
    (async function* () {
      yield* blocks
    })(),
    ({ path }) => void paths.push(path),
  )
  return paths
}

function* repeated(block: Buffer, times: number): Generator<Buffer> {
  for (let count = 0; count < times; count++) yield block
}

test('global headers are not gathered: only a comment is let pass', async () => {
  const comment = member(
    'g',
    records(10, () => 'comment', 'x'),
  )
  expect(await read([comment, member('0', Buffer.from('x'))])).toEqual(['a'])
  const path = member(
    'g',
    records(10, () => 'path', 'b'),
  )
  await expect(read([path, member('0', Buffer.from('x'))])).rejects.toMatchObject({
    code: 'PACKAGE_MALFORMED',
    message: 'tar: a global header holds path',
  })
})

test('names and attributes that would fill the memory are refused, with the name of the limit', async () => {
  // One megabyte of attributes to each of 300 members.
  const attributes = member(
    'x',
    records(1000 * 1000, (index) => `SCHILY.xattr.user.${index}`, 'v'.repeat(10_000)),
  )
  const blocks = repeated(Buffer.concat([attributes, member('0', Buffer.from('x'))]), 300)
  await expect(read(blocks)).rejects.toMatchObject({
    code: 'PACKAGE_TOO_LARGE',
    message: expect.stringContaining('ARCHIVE_NAME_BYTES'),
  })
})

test('deep paths cost what they are long: their directories are counted', () => {
  const guard = pathGuard()
  const deep = '/x'.repeat(2040)
  const fill = () => {
    // Each adds 2,041 directories; without a limit a few megabytes, packed, would fill the memory.
    for (let index = 0; index < 100; index++) guard({ ...base, path: `${index}${deep}`, type: 'file' })
  }
  expect(fill).toThrow(expect.objectContaining({ code: 'PACKAGE_TOO_LARGE' }))
})

test('a path below a link is refused however deep it lies', () => {
  const guard = pathGuard()
  guard({ ...base, path: 'a/b', type: 'symlink', target: '/etc' })
  expect(() => guard({ ...base, path: 'a/b/c/d/e', type: 'file' })).toThrow('a/b/c/d/e lies below a/b')
  guard({ ...base, path: 'p/q/r', type: 'file' })
  expect(() => guard({ ...base, path: 'p/q', type: 'symlink', target: '/' })).toThrow('p/q is both a directory and')
})

test.each([
  ['a NUL before its digits, where dpkg reads 0', '\x0000000001000'],
  ['digits behind its end', '0000001\x0012345'],
  ['a digit that is not octal', '00000000008\0'],
  ['a sign', '-0000000001\0'],
])('a number with %s is refused', async (_, text) => {
  const block = member('0', Buffer.alloc(512), (header) => header.write(text, 124, 'latin1'))
  await expect(read([block])).rejects.toThrow('a header holds a number that is not octal')
})

test('a number may have spaces before it, and a space or nothing behind it', async () => {
  for (const text of ['        1000', '00000001000 ', '000000001000', '  1000 \0  \0\0'])
    expect(await read([member('0', Buffer.alloc(512), (header) => header.write(text, 124, 'latin1'))])).toEqual(['a'])
})

test('an owner that chown takes for "leave it" and a time that is no date are refused', async () => {
  const owner = member('0', Buffer.from('x'), (header) => header.write('80000000ffffffff', 108, 'hex'))
  await expect(read([owner])).rejects.toThrow('4294967295 is over 4294967294')
  const time = member('0', Buffer.from('x'), (header) => header.write('800000000000080000000000', 136, 'hex'))
  await expect(read([time])).rejects.toThrow('the largest owner or time')
})

test('a sparse member is refused', async () => {
  const sparse = member(
    'x',
    records(10, () => 'GNU.sparse.name', 'b'),
  )
  await expect(read([sparse, member('0', Buffer.from('x'))])).rejects.toThrow('holds GNU.sparse.name')
})

test('an archive in memory: a long name ends at its NUL, and another size is refused', () => {
  const long = Buffer.concat([Buffer.from('b\0'), Buffer.alloc(500_000), Buffer.from('c')])
  const started = process.cpuUsage()
  expect([...tarFiles(Buffer.concat([member('L', long), member('0', Buffer.from('x'))]))]).toMatchObject([
    { path: 'b' },
  ])
  // To look for the last NUL from each of them takes a minute.
  expect(process.cpuUsage(started).user).toBeLessThan(10_000_000)
  const size = member(
    'x',
    records(5, () => 'size', '0'),
  )
  expect(() => [...tarFiles(Buffer.concat([size, member('0', Buffer.from('x'))]))]).toThrow(
    'extended header holds size',
  )
})
