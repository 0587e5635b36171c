import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import { run } from '@holotype/base'
import { expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import { cpioHeader, cpioPadding, strippedHeader } from './cpio.ts'
import { type HeaderEntry, writeHeader } from './header-write.ts'
import { writeLead } from './lead.ts'
import { readPackage } from './package-read.ts'
import { withSignature } from './package-sign.ts'
import { headerPadding } from './package-write.ts'
import { HEADERIMMUTABLE, HEADERSIGNATURES, SIGNATURE_TAGS, TAGS, type TagName } from './tags.ts'

/*
 * No rpm here writes format 6, so its packages in these tests are made by us after rpm's manual, "V6 Package format".
 */
const entry = (name: TagName, ...values: readonly string[] | readonly number[]): HeaderEntry => ({
  tag: TAGS[name].number,
  type: TAGS[name].type,
  values,
})

function sample(change: (archive: Buffer) => Buffer = (archive) => archive): Buffer {
  const content = Buffer.from('hello, six')
  const archive = Buffer.concat([
    strippedHeader(1),
    content,
    cpioPadding(content.length),
    strippedHeader(0),
    cpioHeader('TRAILER!!!', []),
  ])
  const packed = zstdCompressSync(change(archive))
  const header = writeHeader(
    [
      entry('HEADERI18NTABLE', 'C'),
      entry('NAME', 'six'),
      entry('VERSION', '1'),
      entry('RELEASE', '1'),
      entry('SUMMARY', 'format six'),
      entry('ARCH', 'noarch'),
      entry('SOURCERPM', 'six-source-1-1.src.rpm'),
      entry('SOURCENEVR', 'six-source-3:1-1'),
      entry('RPMFORMAT', 6),
      entry('ENCODING', 'utf-8'),
      entry('BASENAMES', 'dir', 'file'),
      entry('DIRNAMES', '/', '/dir/'),
      entry('DIRINDEXES', 0, 1),
      entry('FILEMODES', 0o040755, 0o100644),
      entry('LONGFILESIZES', 0, content.length),
      entry('FILEMTIMES', 1, 2),
      entry('FILEUSERNAME', 'root', 'root'),
      entry('FILEGROUPNAME', 'root', 'root'),
      entry('FILELINKTOS', '', ''),
      entry('FILERDEVS', 0, 0),
      entry('FILEDEVICES', 1, 1),
      entry('FILEINODES', 1, 2),
      entry('FILEFLAGS', 0, 0),
      entry('FILEDIGESTALGO', 8),
      entry('FILEDIGESTS', '', hash('sha256', content, 'hex')),
      entry('PAYLOADFORMAT', 'cpio'),
      entry('PAYLOADCOMPRESSOR', 'zstd'),
      entry('PAYLOADDIGEST', hash('sha256', packed, 'hex')),
      entry('PAYLOADDIGESTALT', hash('sha256', archive, 'hex')),
      entry('PAYLOADSHA512', hash('sha512', packed, 'hex')),
      entry('PAYLOADSHA512ALT', hash('sha512', archive, 'hex')),
      entry('PAYLOADSHA3_256', hash('sha3-256', packed, 'hex')),
      entry('PAYLOADSHA3_256ALT', hash('sha3-256', archive, 'hex')),
      entry('PAYLOADSIZE', packed.length),
      entry('PAYLOADSIZEALT', archive.length),
    ],
    HEADERIMMUTABLE,
  )
  const signature = writeHeader(
    [
      { tag: SIGNATURE_TAGS.SHA256, type: 'string', values: [hash('sha256', header, 'hex')] },
      { tag: SIGNATURE_TAGS.SHA3_256, type: 'string', values: [hash('sha3-256', header, 'hex')] },
      { tag: SIGNATURE_TAGS.RESERVED, type: 'bin', values: Buffer.alloc(64) },
    ],
    HEADERSIGNATURES,
  )
  return Buffer.concat([writeLead('six-1-1', false), signature, headerPadding(signature), header, packed])
}

test('a package of format 6 is read: stripped cpio, 64-bit sizes, SHA3', async () => {
  using directory = scratch()
  writeFileSync(directory.at('p'), sample())
  const seen: string[] = []
  const { record } = await readPackage(directory.at('p'), async ({ path, type }, content) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    seen.push(`${type} ${path} ${Buffer.concat(chunks).toString()}`)
  })
  expect(seen).toEqual(['file dir/file hello, six', 'directory dir '])
  expect(record).toMatchObject({ name: 'six', source: 'six-source', sourceVersion: '3:1-1' })
})

test('each of its digests is looked at', async () => {
  using directory = scratch()
  const whole = (bytes: Buffer) => {
    writeFileSync(directory.at('p'), bytes)
    return readPackage(directory.at('p'), () => {})
  }
  await expect(whole(sample((archive) => Buffer.concat([archive, Buffer.alloc(4)])))).rejects.toMatchObject({
    code: 'PACKAGE_MALFORMED',
    message: expect.stringContaining('PAYLOADDIGESTALT'),
  })
  const bytes = sample()
  for (const [what, digest] of [
    ['SHA3_256', /SHA3_256/],
    ['SHA256', /SHA256/],
  ] as const) {
    const at = 96 + 16 + 4 * 16 + (what === 'SHA256' ? 0 : 65)
    const damaged = Buffer.from(bytes)
    damaged[at] = damaged[at] === 0x30 ? 0x31 : 0x30
    await expect(whole(damaged)).rejects.toMatchObject({
      code: 'PACKAGE_MALFORMED',
      message: expect.stringMatching(digest),
    })
  }
})

test.skipIf(!haveTools('rpm'))(`rpm 4.18 reads its header${skipReason('rpm')}`, async () => {
  using directory = scratch()
  writeFileSync(directory.at('p'), sample())
  const argv = [
    'rpm',
    '-qp',
    '--dbpath',
    directory.at('db'),
    '--qf',
    '%{NAME} [%{FILENAMES} ]',
    directory.at('p'),
  ] as const
  expect((await run(argv)).stdout.toString()).toBe('six /dir /dir/file ')
})

test('signatures are added to those that are there', async () => {
  using directory = scratch()
  writeFileSync(directory.at('p'), sample())
  // A signature packet of version 4 by RSA, with nothing in it: who signs is not looked at here.
  const packet = Buffer.from([0xc2, 4, 4, 0, 1, 8])
  const signer = { signBinary: async () => packet }
  await withSignature(directory.at('p'), directory.at('q'), signer)
  await withSignature(directory.at('q'), directory.at('r'), signer)
  const { control } = await readPackage(directory.at('r'))
  const base64 = packet.toString('base64')
  expect(control.get('signature')?.bytes.includes(`${base64}\0${base64}\0`)).toBe(true)
  await expect(
    withSignature(directory.at('p'), directory.at('x'), { signBinary: async () => Buffer.from('none') }),
  ).rejects.toMatchObject({ code: 'PACKAGE_UNWRITABLE' })
})
