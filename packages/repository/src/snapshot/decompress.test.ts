import { execFileSync, spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decompressIndex } from './decompress.ts'

const bytes = Buffer.alloc(1_000_000, 'x')
const hasXz = spawnSync('xz', ['--version']).status === 0

describe('unpacking an index', () => {
  it('gives gzip back, and stops at the signed size', async () => {
    expect(await decompressIndex(gzipSync(bytes), '.gz', bytes.length)).toEqual(bytes)
    await expect(decompressIndex(gzipSync(bytes), '.gz', bytes.length - 1)).rejects.toThrow()
  })
  it.skipIf(!hasXz)(
    `gives xz back, and stops at the signed size${hasXz ? '' : ' (skipped, because there is no xz)'}`,
    async () => {
      const packed = execFileSync('xz', ['--stdout'], { input: bytes })
      expect(await decompressIndex(packed, '.xz', bytes.length)).toEqual(bytes)
      await expect(decompressIndex(packed, '.xz', 1000)).rejects.toThrow()
      await expect(decompressIndex(packed.subarray(0, 50), '.xz', bytes.length)).rejects.toThrow()
    },
  )
})
