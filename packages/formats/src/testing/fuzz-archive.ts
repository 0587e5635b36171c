import { gzipSync, zstdCompressSync } from 'node:zlib'
import { unpack } from '../archive/decompress.ts'
import { decodePax } from '../archive/pax.ts'
import { confinedPath } from '../archive/path.ts'
import { compressionOf } from '../archive/sniff.ts'
import { tarFiles } from '../archive/tar-memory.ts'
import { readTar } from '../archive/tar-read.ts'
import { writeTar } from '../archive/tar-write.ts'
import { xz } from '../archive/xz.ts'
import { elfSonames } from '../elf/sonames.ts'
import { sampleElf } from './elf.ts'
import type { FuzzTarget } from './fuzz.ts'
import { repairTar } from './fuzz-tar.ts'
import { SMALL_PAYLOAD } from './payloads.ts'

const text = Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 31) % 997).join(' '))
/** Bytes that a case may unpack to. */
const UNPACKED_BYTES = 64 * 1024 * 1024

/** The readers that formats share: archives, compressed streams, paths, ELF files. */
export function archiveTargets(): FuzzTarget[] {
  const tar = () => [
    writeTar([
      ...SMALL_PAYLOAD,
      {
        path: `usr/${'long/'.repeat(40)}link`,
        type: 'symlink',
        mode: 0o777,
        uid: 0,
        gid: 0,
        mtime: 0,
        size: 0,
        target: 'x'.repeat(200),
      },
    ]),
  ]
  return [
    {
      name: 'archive: tar',
      samples: tar,
      repair: repairTar,
      read: (bytes) =>
        readTar(once(bytes), ({ path, target }) => {
          if (path !== '' && confinedPath(path) !== path) throw new Error(`${path} leads out`)
          if (target?.includes('\0')) throw new Error('a NUL in a target')
        }),
    },
    { name: 'archive: tar in memory', samples: tar, repair: repairTar, read: (bytes) => [...tarFiles(bytes)] },
    {
      name: 'archive: pax records',
      samples: () => [Buffer.from('13 path=abcd\n26 SCHILY.xattr.user.a=\0\xff\n', 'latin1')],
      read: decodePax,
    },
    {
      name: 'archive: compressed streams',
      samples: async () => [gzipSync(text), zstdCompressSync(text), await xz(text)],
      read: (bytes) => unpack(bytes, { compression: compressionOf(bytes), limit: UNPACKED_BYTES, what: 'the case' }),
    },
    {
      name: 'ELF',
      samples: () => [
        sampleElf({ soname: 'liba.so.1', needed: ['libc.so.6', 'libm.so.6'] }),
        sampleElf({ soname: 'liba.so.1', needed: ['libc.so.6'], wordBytes: 4, bigEndian: true }),
      ],
      read: (bytes) => elfSonames(bytes),
    },
  ]
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes
}
