import { fail } from '../errors.ts'
import { ARCHIVE_MEMBERS, ARCHIVE_NAME_BYTES, TAR_EXTENSION_BYTES, TAR_TRAILING_BYTES } from '../limits.ts'
import type { PayloadEntry, PayloadVisitor } from '../types.ts'
import { confinedPath } from './path.ts'
import { decodePax, type PaxRecords } from './pax.ts'
import { decodeTarHeader, TAR_BLOCK, type TarHeader, untilNul } from './tar-header.ts'
import { pathGuard } from './path-guard.ts'

/**
 * Reads a tar archive by streaming: ustar, GNU long names, PAX records with extended attributes. It ends, as in dpkg, at the first
 * block of zeros; what follows is padding, read past but not looked at. Nothing is extracted: each member goes to `visit` with its path checked.
 * @throws PACKAGE_MALFORMED, PACKAGE_TOO_LARGE, and whatever `source` and `visit` throw
 */
export async function readTar(source: AsyncIterable<Uint8Array>, visit: PayloadVisitor): Promise<void> {
  const blocks = blockReader(source)
  try {
    const guard = pathGuard()
    let extensions: Extensions = {}
    let nameBytes = 0
    for (let members = 0; ; ) {
      const block = await blocks.take(TAR_BLOCK)
      const header = block && decodeTarHeader(block)
      if (!header) break
      switch (header.kind) {
        case 'gnu-long-name':
          extensions = { ...extensions, name: untilNul(await blocks.body(header.size)) }
          continue
        case 'gnu-long-link':
          extensions = { ...extensions, link: untilNul(await blocks.body(header.size)) }
          continue
        case 'pax':
          extensions = { ...extensions, pax: withoutSparse(decodePax(await blocks.body(header.size))) }
          continue
        case 'pax-global':
          checkGlobal(decodePax(await blocks.body(header.size)))
          continue
        default:
          break
      }
      if (++members > ARCHIVE_MEMBERS)
        throw fail('PACKAGE_TOO_LARGE', { what: `tar: more than ARCHIVE_MEMBERS, ${ARCHIVE_MEMBERS} members` })
      const entry = entryOf(header, extensions)
      nameBytes += bytesHeld(entry)
      if (nameBytes > ARCHIVE_NAME_BYTES)
        throw fail('PACKAGE_TOO_LARGE', {
          what: `tar: names and attributes have more than ARCHIVE_NAME_BYTES, ${ARCHIVE_NAME_BYTES}, bytes`,
        })
      guard(entry)
      extensions = {}
      await visitMember(blocks, entry, visit)
    }
    // To the end of the stream: only there does a decoder check what it has given out.
    for (let trailing = 0, part = await blocks.any(); part; part = await blocks.any()) {
      trailing += part.length
      if (trailing > TAR_TRAILING_BYTES)
        throw malformed(`more than TAR_TRAILING_BYTES, ${TAR_TRAILING_BYTES} bytes follow the end`)
    }
  } finally {
    await blocks.close()
  }
}

async function visitMember(blocks: BlockReader, entry: PayloadEntry, visit: PayloadVisitor): Promise<void> {
  let left = entry.size
  const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    if (left === 0) return { done: true, value: undefined }
    const chunk = await blocks.some(left)
    left -= chunk.length
    return { done: false, value: chunk }
  }
  await visit(entry, { [Symbol.asyncIterator]: () => ({ next }) })
  // What the visitor did not read is passed over, with the padding to the next block.
  let rest = left + padding(entry.size)
  left = 0
  while (rest > 0) rest -= (await blocks.some(rest)).length
}

interface Extensions {
  readonly name?: Buffer
  readonly link?: Buffer
  readonly pax?: PaxRecords
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const SLASH = 0x2f
/** The keyword star and GNU tar write an attribute under. */
const XATTR = 'SCHILY.xattr.'

function entryOf(header: TarHeader, extensions: Extensions): PayloadEntry {
  const pax = (keyword: string) => extensions.pax?.get(keyword)
  const name = extensions.name ?? pax('path') ?? header.name
  const path = confined(decodeName(name))
  // Before POSIX a directory was a file with a slash at its end; dpkg still reads it so. The whole name decides: a long one may be cut
  // after a slash in the header.
  const kind = isPayload(header.kind)
  const type = kind === 'file' && name.at(-1) === SLASH ? 'directory' : kind
  const linked = extensions.link ?? pax('linkpath') ?? header.linkName
  const uid = bounded(integer(pax('uid'), header.uid), MAX_ID, path)
  const gid = bounded(integer(pax('gid'), header.gid), MAX_ID, path)
  const size = integer(pax('size'), header.size)
  const owner = pax('uname')?.toString() ?? header.owner
  const group = pax('gname')?.toString() ?? header.group
  const mtime = bounded(integer(pax('mtime'), header.mtime), MAX_MTIME, path)
  const xattrs = xattrsOf(extensions.pax)
  if (type !== 'file' && size !== 0 && type !== 'hardlink' && type !== 'directory')
    throw malformed(`${path} is a ${type} with content`)
  return {
    path,
    type,
    mode: header.mode & 0o7777,
    uid,
    gid,
    mtime,
    size: type === 'file' ? size : 0,
    ...(owner === '' ? {} : { owner }),
    ...(group === '' ? {} : { group }),
    ...(type === 'symlink' ? { target: symlinkText(linked, path) } : {}),
    ...(type === 'hardlink' ? { target: confined(decodeName(linked)) } : {}),
    ...(type === 'character' || type === 'block' ? { device: { major: header.major, minor: header.minor } } : {}),
    ...(xattrs ? { xattrs } : {}),
  }
}

/** The largest uid: the one above it stands for "leave as it is" (chown(2)). */
const MAX_ID = 0xff_ff_ff_fe
/** Seconds: the last moment that a Date knows (ECMAScript, "Time Values"). */
const MAX_MTIME = 8_640_000_000_000

function bounded(value: number, limit: number, path: string): number {
  if (value > limit) throw malformed(`${path}: ${value} is over ${limit}, the largest owner or time`)
  return value
}

/** What a global header says of all members dpkg refuses, libarchive passes over and GNU tar applies. A comment is for people: git writes one. */
function checkGlobal(records: PaxRecords): void {
  for (const keyword of records.keys())
    if (keyword !== 'comment') throw malformed(`a global header holds ${keyword.slice(0, 100)}`)
}

/** A sparse member has another name, size and content than its header says: no package tool writes one. */
function withoutSparse(records: PaxRecords): PaxRecords {
  for (const keyword of records.keys())
    if (keyword.startsWith('GNU.sparse.')) throw malformed(`an extended header holds ${keyword.slice(0, 100)}`)
  return records
}

/** Bytes of an entry that whoever lists the archive keeps. */
function bytesHeld({ path, target = '', xattrs }: PayloadEntry): number {
  let bytes = path.length + target.length
  for (const name in xattrs) bytes += name.length + (xattrs[name]?.length ?? 0)
  return bytes
}

function isPayload(kind: TarHeader['kind']): PayloadEntry['type'] {
  if (kind === 'gnu-long-name' || kind === 'gnu-long-link' || kind === 'pax' || kind === 'pax-global')
    throw malformed('an extension stands where a member should')
  return kind
}

function xattrsOf(records: PaxRecords | undefined): Record<string, string> | undefined {
  if (!records) return undefined
  const names = [...records.keys()].filter((keyword) => keyword.startsWith(XATTR)).sort()
  if (names.length === 0) return undefined
  return Object.fromEntries(
    names.map((keyword) => [keyword.slice(XATTR.length), records.get(keyword)?.toString('base64') ?? '']),
  )
}

/** Two names that are no text would fall together when decoded leniently: they are refused. */
function decodeName(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes)
  } catch (error) {
    throw fail('PACKAGE_MALFORMED', { what: `tar: the name ${bytes.toString('latin1')} is not UTF-8`, cause: error })
  }
}

function confined(name: string): string {
  const path = confinedPath(name)
  if (path === undefined) throw malformed(`the path ${JSON.stringify(name.slice(0, 200))} leads outside the package`)
  return path
}

function symlinkText(bytes: Buffer, path: string): string {
  const text = decodeName(bytes)
  if (text === '' || text.includes('\0')) throw malformed(`${path} is a symbolic link to nowhere`)
  return text
}

/** A PAX decimal, its fraction dropped. */
function integer(bytes: Buffer | undefined, otherwise: number): number {
  if (bytes === undefined) return otherwise
  const text = bytes.toString('latin1')
  const value = /^-?\d{1,15}(\.\d*)?$/.test(text) ? Math.floor(Number(text)) : -1
  if (value < 0) throw malformed(`an extended header holds the number ${text.slice(0, 40)}`)
  return value
}

function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `tar: ${what}` })
}

interface BlockReader {
  /** Exactly `length` bytes, or undefined at a clean end. */
  take(length: number): Promise<Buffer | undefined>
  /** An extension's bytes, its padding passed over. */
  body(size: number): Promise<Buffer>
  /** Between 1 and `limit` bytes. */
  some(limit: number): Promise<Buffer>
  /** What comes next, undefined at the end. */
  any(): Promise<Buffer | undefined>
  close(): Promise<void>
}

function blockReader(source: AsyncIterable<Uint8Array>): BlockReader {
  const iterator = source[Symbol.asyncIterator]()
  let chunk: Buffer = Buffer.alloc(0)
  /** False at the end of the source. */
  async function fill(): Promise<boolean> {
    while (chunk.length === 0) {
      const next = await iterator.next()
      if (next.done) return false
      chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    return true
  }
  async function some(limit: number): Promise<Buffer> {
    if (!(await fill())) throw malformed('the archive ends within a member')
    const part = chunk.subarray(0, limit)
    chunk = chunk.subarray(part.length)
    return part
  }
  async function exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let left = length; left > 0; ) {
      const part = await some(left)
      parts.push(part)
      left -= part.length
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  }
  return {
    some,
    any: async () => ((await fill()) ? some(chunk.length) : undefined),
    take: async (length) => ((await fill()) ? exactly(length) : undefined),
    async body(size) {
      if (size > TAR_EXTENSION_BYTES)
        throw malformed(`an extended header has ${size} bytes; TAR_EXTENSION_BYTES is ${TAR_EXTENSION_BYTES}`)
      return (await exactly(size + padding(size))).subarray(0, size)
    },
    close: async () => void (await iterator.return?.()),
  }
}
