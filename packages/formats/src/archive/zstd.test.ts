import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { unpack } from './decompress.ts'

const AS = { compression: 'zst', limit: 100_000_000, what: 'it' } as const

test('frames that hold nothing are counted: each costs a decoder', async () => {
  const empty = zstdCompressSync(Buffer.alloc(0))
  const text = zstdCompressSync(Buffer.from('text'))
  const few = Buffer.concat([text, ...Array.from({ length: 50 }, () => empty), text])
  expect((await unpack(few, AS)).toString()).toBe('texttext')
  const many = Buffer.concat(Array.from({ length: 1100 }, () => empty))
  const refused = { code: 'PACKAGE_MALFORMED', cause: { message: expect.stringContaining('ZSTD_SMALL_FRAMES') } }
  await expect(unpack(many, AS)).rejects.toMatchObject(refused)
})
