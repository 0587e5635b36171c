import { fail } from '../errors.ts'
import type { Compression } from '../types.ts'
import type {
  ExpectedBytes,
  RepositoryHead,
  RepositoryIndex,
  UpstreamIndex,
  UpstreamReader,
} from '../upstream-reader.ts'
import { parseFileIndex } from './filelists.ts'
import { parseRepomd, type RepomdChecksum, type RepomdData } from './repomd.ts'
import { parseAdvisories } from './updateinfo-security.ts'

/** Where the top of an rpm repository lies below its base, and its signature. */
export const REPOMD = 'repodata/repomd.xml'
export const REPOMD_SIGNATURE = `${REPOMD}.asc`

/** How repositories of rpm packages are read (createrepo_c's form, as dnf and zypper take it). */
export const upstream: UpstreamReader = {
  top: () => ({ path: REPOMD, signed: 'detached', signature: REPOMD_SIGNATURE, signatureOptional: true }),
  parseTop: (bytes, place) => ({
    ...headOf(bytes),
    architectures: place.architecture === '' ? [] : [place.architecture],
  }),
  indexes(head) {
    const found = indexesOfType(head, 'primary')
    if (found.length === 0)
      throw malformed('repomd.xml lists no primary.xml with a SHA-256 or SHA-512 and in a compression we read')
    return found
  },
  compressionOf,
  fileIndexes: (head) => indexesOfType(head, 'filelists'),
  parseFileIndex,
  advisoryIndexes: (head) => indexesOfType(head, 'updateinfo'),
  parseAdvisories,
}

/** What repomd.xml lists with a SHA-256 or SHA-512 and a size, as they stand in it. Delta and zchunk forms of the same lists are among them. */
export function headOf(bytes: Uint8Array): RepositoryHead {
  const { revision, data } = parseRepomd(bytes)
  const youngest = Math.max(0, ...data.map(({ timestamp }) => timestamp))
  const seconds = /^\d{9,11}$/.test(revision) ? Number(revision) : youngest
  return {
    origin: '',
    label: '',
    suite: '',
    codename: '',
    date: new Date(seconds * 1000).toISOString(),
    architectures: [],
    components: [],
    indexes: data.flatMap(indexOf),
  }
}

function indexOf({ type, checksum, openChecksum, href, size, openSize }: RepomdData): RepositoryIndex[] {
  const bytes = bytesOf(checksum, size)
  if (bytes === undefined) return []
  const open = openChecksum && bytesOf(openChecksum, openSize)
  return [{ type, path: href, ...bytes, ...(open === undefined ? {} : { open }) }]
}

function bytesOf({ type, hex }: RepomdChecksum, size: number | undefined): ExpectedBytes | undefined {
  if (size === undefined) return undefined
  if (type === 'sha256') return { size, sha256: hex }
  return type === 'sha512' ? { size, sha256: '', sha512: hex } : undefined
}

function indexesOfType(head: RepositoryHead, type: string): UpstreamIndex[] {
  return head.indexes.flatMap((index): UpstreamIndex[] => {
    const compression = compressionOfName(index.path)
    if (index.type !== type || compression === undefined) return []
    const { path, type: _, ...bytes } = index
    return [{ paths: [path], compression, ...bytes }]
  })
}

/** By the name's end, as dnf tells it. */
function compressionOfName(path: string): Compression | undefined {
  const end = path.slice(path.lastIndexOf('.') + 1)
  if (end === 'zstd') return 'zst'
  return end === 'xml' ? 'none' : COMPRESSIONS.find((known) => known === end)
}

const COMPRESSIONS = ['gz', 'zst', 'xz', 'bz2'] as const satisfies readonly Compression[]

function compressionOf(bytes: Uint8Array): Compression {
  const [first, second, third] = bytes
  if (first === 0x1f && second === 0x8b) return 'gz'
  if (first === 0x28 && second === 0xb5 && third === 0x2f) return 'zst'
  if (first === 0xfd && second === 0x37 && third === 0x7a) return 'xz'
  return first === 0x42 && second === 0x5a && third === 0x68 ? 'bz2' : 'none'
}

function malformed(what: string): Error {
  return fail('REPOSITORY_MALFORMED', { what })
}
