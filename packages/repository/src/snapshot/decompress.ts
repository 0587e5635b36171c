import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { run } from '@holotype/base'

/** The forms in which an index is published, the smallest first. */
export const FORMS = ['.xz', '.gz', ''] as const

/** The bytes of an index; never more than `size`: a stream that unpacks to more is an error, not a full memory. */
export async function decompressIndex(bytes: Buffer, form: (typeof FORMS)[number], size: number): Promise<Buffer> {
  switch (form) {
    case '':
      return bytes
    case '.gz':
      // At least one byte: zlib takes no limit of 0.
      return promisify(gunzip)(bytes, { maxOutputLength: Math.max(1, size) })
    case '.xz': {
      const { stdout } = await run(['xz', '--decompress', '--stdout', '--threads=1'], {
        input: bytes,
        maxOutputBytes: size,
      })
      return stdout
    }
  }
}
