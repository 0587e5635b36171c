import type { FormatName, PackageToWrite, PayloadToWrite } from '../types.ts'

/** The least that a package of each format says of itself. */
export const FORMAT_FIELDS: Readonly<Record<FormatName, PackageToWrite['fields']>> = {
  deb: [
    ['Package', 'large'],
    ['Version', '1-1'],
    ['Architecture', 'amd64'],
    ['Maintainer', 'Jane Roe <jane@acme.example>'],
    ['Description', 'one large file'],
  ],
  rpm: [
    ['NAME', 'large'],
    ['VERSION', '1'],
    ['RELEASE', '1'],
    ['ARCH', 'x86_64'],
    ['SUMMARY', 'one large file'],
    ['LICENSE', 'MIT'],
  ],
  alpm: [
    ['pkgname', 'large'],
    ['pkgbase', 'large'],
    ['pkgver', '1-1'],
    ['pkgdesc', 'one large file'],
    ['builddate', '1700000000'],
    ['packager', 'Jane Roe <jane@acme.example>'],
    ['size', '1'],
    ['arch', 'x86_64'],
  ],
  xbps: [
    ['pkgname', 'large'],
    ['version', '1_1'],
    ['pkgver', 'large-1_1'],
    ['architecture', 'x86_64'],
    ['short_desc', 'one large file'],
  ],
}

/** Mostly zeros, for a compressor's speed: each KiB begins with a number of its own. Cut otherwise, the bytes are the same. */
function* pieces(size: number, piece: number): Generator<Uint8Array, void, undefined> {
  const buffer = Buffer.alloc(piece)
  for (let at = 0; at < size; at += piece) {
    const bytes = buffer.subarray(0, Math.min(piece, size - at)).fill(0)
    for (let i = -at & 1023; i + 4 <= bytes.length; i += 1024) bytes.writeUInt32LE((at + i) / 1024, i)
    yield bytes
  }
}

/** A file of `size` bytes that are made as they are read. */
export function largeFile(size: number, piece = 64 * 1024): PayloadToWrite {
  return {
    path: 'srv/large',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    owner: 'root',
    group: 'root',
    mtime: 1_700_000_000,
    size,
    open: async function* () {
      yield* pieces(size, piece)
    },
  }
}
