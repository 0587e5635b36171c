import { posix } from 'node:path'
import { compressionOf } from '@holotype/formats/compression'
import { unpackAtOnce } from '@holotype/formats/unpack-at-once'
import { UNPACKED_BYTES } from '../limits.ts'
import type { Plugin } from './types.ts'

/** gzip, zstd and xz: one member, named as the file without its last suffix. */
export const compressed: Plugin = {
  name: 'compressed',
  wants: (_path, head) => ['gz', 'zst', 'xz'].includes(compressionOf(head)),
  describe(bytes, path) {
    const compression = compressionOf(bytes)
    const name = posix
      .basename(path)
      .replace(/\.(gz|xz|zst|zstd)$/, '')
      .replace(/\.t([gx]z|zst)$/, '.tar')
    return {
      facts: { compression },
      members: [{ path: name, bytes: () => unpackAtOnce(bytes, { compression, limit: UNPACKED_BYTES }) }],
    }
  },
}
