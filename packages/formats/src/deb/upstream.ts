import { compressionOf } from '../archive/sniff.ts'
import { fail } from '../errors.ts'
import type { Compression } from '../types.ts'
import type {
  ExpectedBytes,
  RepositoryHead,
  RepositoryIndex,
  UpstreamIndex,
  UpstreamPlace,
  UpstreamReader,
} from '../upstream-reader.ts'
import { parseHead } from './release.ts'

/** The forms of an index by the end of its name, the best first: small, then quick to read. */
const FORMS: readonly (readonly [end: string, compression: Compression])[] = [
  ['.xz', 'xz'],
  ['.zst', 'zst'],
  ['.gz', 'gz'],
  ['.bz2', 'bz2'],
  ['.lzma', 'lzma'],
  ['', 'none'],
]

/** The directory of the top, with its slash. A suite that ends in one is flat (sources.list(5)): nothing lies below `dists/`. */
function directoryOf({ suite }: UpstreamPlace): string {
  if (!suite.endsWith('/')) return `dists/${suite}/`
  return suite === './' || suite === '/' ? '' : suite.replace(/^\.?\//, '')
}

function indexName({ suite, component, architecture }: UpstreamPlace): string {
  return suite.endsWith('/') ? 'Packages' : `${component}/binary-${architecture}/Packages`
}

/**
 * The ways to fetch an index that a Release file names: the forms it lists, each by its digest, then by its name (Debian RepositoryFormat,
 * "indices acquisition via hashsums").
 * @param name the index uncompressed, below the suite: `main/binary-amd64/Packages`, `main/source/Sources`, `main/Contents-amd64`
 */
export function indexForms(head: RepositoryHead, place: UpstreamPlace, name: string): readonly UpstreamIndex[] {
  const base = directoryOf(place)
  const byPath = new Map<string, RepositoryIndex>()
  for (const index of head.indexes) if (index.path.startsWith(name)) byPath.set(index.path, index)
  const plain = byPath.get(name)
  return FORMS.flatMap(([end, compression]) => {
    const form = byPath.get(`${name}${end}`)
    if (!form) return []
    const { path, size, sha256, sha512 } = form
    const named = sha512 === undefined ? `SHA256/${sha256}` : `SHA512/${sha512}`
    const directory = path.slice(0, path.lastIndexOf('/') + 1)
    return [
      {
        paths: [`${base}${directory}by-hash/${named}`, `${base}${path}`],
        compression,
        size,
        sha256,
        ...(sha512 === undefined ? {} : { sha512 }),
        ...(plain ? { open: bytesOf(plain) } : {}),
      },
    ]
  })
}

function bytesOf({ size, sha256, sha512 }: ExpectedBytes): ExpectedBytes {
  return { size, sha256, ...(sha512 === undefined ? {} : { sha512 }) }
}

/** How apt repositories are read: InRelease, or Release with Release.gpg beside it; then Packages by hash or by name. */
export const upstream: UpstreamReader = {
  top: (place) => ({ path: `${directoryOf(place)}InRelease`, signed: 'inline' }),
  olderTop: (place) => ({
    path: `${directoryOf(place)}Release`,
    signed: 'detached',
    signature: `${directoryOf(place)}Release.gpg`,
  }),
  parseTop: (bytes) => parseHead(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')),
  indexes(head, place) {
    const name = indexName(place)
    const forms = indexForms(head, place, name)
    if (forms.length === 0)
      throw fail('REPOSITORY_MALFORMED', {
        what: `the Release file of ${place.suite} lists no ${name}; it has ${head.components.join(' ')} for ${head.architectures.join(' ')}`,
      })
    return forms
  },
  indexesForAll: (head, place) =>
    head.separateAll && !place.suite.endsWith('/') && place.architecture !== 'all'
      ? indexForms(head, place, indexName({ ...place, architecture: 'all' }))
      : [],
  compressionOf,
}
