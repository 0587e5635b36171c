import { createHash, hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { cpioHeader, cpioPadding } from './cpio.ts'
import { ENTRY_BYTES } from './header.ts'
import { type HeaderEntry, writeHeader } from './header-write.ts'
import { writeLead } from './lead.ts'
import { readPackage } from './package-read.ts'
import { headerPadding } from './package-write.ts'
import { HEADERIMMUTABLE, SIGNATURE_TAGS, TAGS, type TagName } from './tags.ts'

/*
 * Packages as rpm 3 wrote them: no region in their headers, whole file names, a digest over header and payload together. No rpm here
 * writes them, so those of these tests are made by us; rpm's own reader judges whether it would take them.
 */
const entry = (name: TagName, ...values: readonly string[] | readonly number[]): HeaderEntry => ({
  tag: TAGS[name].number,
  type: TAGS[name].type,
  values,
})

/** A header of no region: the region's entry comes first, its trailer last. */
function plainHeader(entries: readonly HeaderEntry[]): Buffer {
  const whole = writeHeader(entries, HEADERIMMUTABLE)
  const intro = Buffer.from(whole.subarray(0, 16))
  intro.writeUInt32BE(whole.readUInt32BE(8) - 1, 8)
  intro.writeUInt32BE(whole.readUInt32BE(12) - ENTRY_BYTES, 12)
  return Buffer.concat([intro, whole.subarray(16 + ENTRY_BYTES, -ENTRY_BYTES)])
}

const CONTENT = Buffer.from('hello, three')

function sample(damage: (packed: Buffer) => void = () => {}): Buffer {
  const archive = Buffer.concat([
    cpioHeader('usr/share/three', [1, 0o040755, 2, 900_000_000]),
    cpioHeader('usr/share/three/file', [2, 0o100644, 1, 900_000_000, CONTENT.length]),
    CONTENT,
    cpioPadding(CONTENT.length),
    cpioHeader('TRAILER!!!', []),
  ])
  const packed = gzipSync(archive)
  const header = plainHeader([
    entry('NAME', 'three'),
    entry('VERSION', '1.0'),
    entry('RELEASE', '1'),
    entry('SUMMARY', 'format three'),
    entry('DESCRIPTION', 'format three'),
    entry('BUILDTIME', 900_000_000),
    entry('BUILDHOST', 'localhost'),
    entry('SIZE', CONTENT.length),
    entry('LICENSE', 'MIT'),
    entry('GROUP', 'Unspecified'),
    entry('OS', 'linux'),
    entry('ARCH', 'i386'),
    entry('SOURCERPM', 'three-1.0-1.src.rpm'),
    entry('OLDFILENAMES', '/usr/share/three', '/usr/share/three/file'),
    entry('FILESIZES', 4096, CONTENT.length),
    entry('FILEMODES', 0o040755, 0o100644),
    entry('FILERDEVS', 0, 0),
    entry('FILEMTIMES', 900_000_000, 900_000_000),
    entry('FILEDIGESTS', '', hash('md5', CONTENT, 'hex')),
    entry('FILELINKTOS', '', ''),
    entry('FILEFLAGS', 0, 0),
    entry('FILEUSERNAME', 'root', 'root'),
    entry('FILEGROUPNAME', 'root', 'root'),
    entry('FILEVERIFYFLAGS', 0xffffffff, 0xffffffff),
    entry('FILEDEVICES', 1, 1),
    entry('FILEINODES', 1, 2),
    entry('PROVIDENAME', 'three-api'),
    entry('REQUIRENAME', '/bin/sh'),
    entry('REQUIREFLAGS', 0),
    entry('REQUIREVERSION', ''),
  ])
  const signature = plainHeader([
    { tag: SIGNATURE_TAGS.SIZE, type: 'int32', values: [header.length + packed.length] },
    { tag: SIGNATURE_TAGS.MD5, type: 'bin', values: createHash('md5').update(header).update(packed).digest() },
  ])
  damage(packed)
  return Buffer.concat([writeLead('three-1.0-1', false), signature, headerPadding(signature), header, packed])
}

test('a package of format 3 is read: no regions, OLDFILENAMES, one MD5 over all', async () => {
  using directory = scratch()
  writeFileSync(directory.at('p'), sample())
  const seen: string[] = []
  const { record } = await readPackage(directory.at('p'), async ({ path, type }, content) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    seen.push(`${type} ${path} ${Buffer.concat(chunks).toString()}`)
  })
  expect(seen).toEqual(['directory usr/share/three ', 'file usr/share/three/file hello, three'])
  expect(record).toMatchObject({
    name: 'three',
    version: '1.0-1',
    architecture: 'i386',
    provides: [{ name: 'three-api' }],
    depends: [[{ name: '/bin/sh' }]],
  })
})

test('its one digest is looked at, with and without a look at the payload', async () => {
  using directory = scratch()
  const damaged = sample((packed) => packed.writeUInt8(0x55, packed.length - 1))
  writeFileSync(directory.at('p'), damaged)
  await expect(readPackage(directory.at('p'))).rejects.toMatchObject({
    code: 'PACKAGE_MALFORMED',
    message: expect.stringContaining('header and payload: its MD5'),
  })
  await expect(readPackage(directory.at('p'), () => {})).rejects.toMatchObject({ code: 'PACKAGE_MALFORMED' })
})

test.skipIf(!haveTools('rpm'))(`rpm reads it${skipReason('rpm')}`, async () => {
  using directory = scratch()
  writeFileSync(directory.at('p'), sample())
  const argv = ['rpm', '-qp', '--dbpath', directory.at('db')] as const
  const format = '%{NAME} %{EVR} %{ARCH} [%{FILENAMES} ]'
  const { stdout } = await run([...argv, '--qf', format, directory.at('p')])
  expect(stdout.toString()).toBe('three 1.0-1 i386 /usr/share/three /usr/share/three/file ')
})
