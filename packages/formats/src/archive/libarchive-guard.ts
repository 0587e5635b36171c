import { decodePax, type PaxRecords } from './pax.ts'
import { decodeTarHeader, TAR_BLOCK, type TarHeader, untilNul } from './tar-header.ts'
import { fail } from '../errors.ts'
import { TAR_EXTENSION_BYTES } from '../limits.ts'

/*
 * pacman and xbps read packages by libarchive, which knows more than our reader: sparse files under another name, extended attributes under a
 * keyword of its own, no global headers, and forty other forms of archives and filters that it looks for before it takes the bytes for a tar. A
 * package that the two would read differently could show a reviewer something else than it installs: it is refused. What makepkg and
 * xbps-create write reads the same.
 */

export interface GuardOptions {
  /** What a member's path may begin with: pacman would not install one with `./`, as xbps writes all. */
  readonly dotSlash: 'refused' | 'allowed'
}

/** Keywords that both read alike, or that neither tool applies: times but mtime, ACLs and flags (libalpm extracts without them). */
const HARMLESS =
  /^(path|linkpath|size|uid|gid|uname|gname|mtime|atime|ctime|comment|hdrcharset|LIBARCHIVE\.creationtime|SCHILY\.(dev|ino|nlink|fflags|acl\..*|xattr\..*))$/
const LIBARCHIVE_XATTR = 'LIBARCHIVE.xattr.'

/**
 * Passes the bytes of a tar through as they are and looks at its headers on the way.
 * @throws PACKAGE_MALFORMED, and what `source` throws
 */
export async function* libarchiveGuard(
  source: AsyncIterable<Uint8Array>,
  options: GuardOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const look = headerWalk(options)
  for await (const chunk of source) {
    look(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    yield chunk
  }
}

/** A function that is given an archive's bytes in pieces and checks each header once it is whole. */
function headerWalk(options: GuardOptions): (chunk: Buffer) => void {
  /** Bytes of content and padding to pass over. */
  let skip = 0
  /** Bytes of the header, or of an extension's body, that is being put together. */
  let wanted = TAR_BLOCK
  let parts: Buffer[] = []
  let missing = wanted
  let extension: TarHeader | undefined
  let extensions: Extensions = {}
  let first = true
  let ended = false

  function expect(bytes: number): void {
    wanted = bytes
    missing = bytes
    parts = []
  }
  function onWhole(bytes: Buffer): void {
    if (extension) {
      extensions = withExtension(extensions, extension.kind, bytes.subarray(0, extension.size))
      extension = undefined
      expect(TAR_BLOCK)
      return
    }
    const header = decodeTarHeader(bytes)
    expect(TAR_BLOCK)
    if (header) checkForm(bytes, first)
    first = false
    if (!header) ended = true
    else if (isExtension(header)) {
      if (header.size > TAR_EXTENSION_BYTES)
        throw malformed(`an extended header has ${header.size} bytes; TAR_EXTENSION_BYTES is ${TAR_EXTENSION_BYTES}`)
      extension = header
      // An empty body is never begun.
      if (header.size === 0) onWhole(Buffer.alloc(0))
      else expect(paddedSize(header.size))
    } else {
      skip = paddedSize(checkMember(header, extensions, options))
      extensions = {}
    }
  }
  return (chunk) => {
    for (let at = 0; at < chunk.length && !ended; ) {
      const length = Math.min(skip > 0 ? skip : missing, chunk.length - at)
      if (skip > 0) skip -= length
      else {
        parts.push(chunk.subarray(at, at + length))
        missing -= length
        if (missing === 0) onWhole(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))
      }
      at += length
    }
  }
}

const MAGIC_AT = 257
const MAGIC = [Buffer.from('ustar\x0000'), Buffer.from('ustar  \0')]
const NAME_BYTES = 100
/** How the names of a package's first member begin; no magic number of another form does. */
const FIRST_NAME = /^(?:\.|PaxHeader)[ -~]*\0*$/

/**
 * libarchive takes `ustar` with any byte behind it for ustar and puts the prefix before the name, and decides by the first bytes, the first
 * header's name, whether a filter (compress, lzip, uuencode …) has packed the archive once more, or it is no tar at all.
 */
function checkForm(block: Buffer, first: boolean): void {
  if (!MAGIC.some((magic) => block.subarray(MAGIC_AT, MAGIC_AT + magic.length).equals(magic)))
    throw malformed('a header is neither of ustar nor of GNU')
  if (first && !FIRST_NAME.test(block.toString('latin1', 0, NAME_BYTES)))
    throw malformed(
      `the first member's name is ${JSON.stringify(untilNul(block.subarray(0, 20)).toString('latin1'))}; expected one that begins with a dot`,
    )
}

interface Extensions {
  readonly name?: Buffer
  readonly link?: Buffer
  readonly pax?: PaxRecords
}

function isExtension({ kind }: TarHeader): boolean {
  return kind === 'pax' || kind === 'pax-global' || kind === 'gnu-long-name' || kind === 'gnu-long-link'
}

function withExtension(before: Extensions, kind: TarHeader['kind'], body: Buffer): Extensions {
  switch (kind) {
    case 'pax':
      if (before.pax) throw malformed('a member has two extended headers')
      return { ...before, pax: checkedRecords(decodePax(body)) }
    case 'pax-global':
      // libarchive passes over what it says of all members.
      for (const keyword of decodePax(body).keys())
        if (keyword !== 'comment') throw malformed(`a global header holds ${keyword}`)
      return before
    case 'gnu-long-name':
      if (before.name) throw malformed('a member has two long names')
      return { ...before, name: body }
    default:
      if (before.link) throw malformed('a member has two long links')
      return { ...before, link: body }
  }
}

function checkedRecords(records: PaxRecords): PaxRecords {
  for (const [keyword, value] of records) {
    if (HARMLESS.test(keyword)) continue
    // bsdtar writes each attribute twice: as it is, and in base64 under a name encoded as in a URL. (Where the encoding changes the name it
    // encodes both, and libarchive restores two attributes: refused, for `security%2Ecapability` is what we would see.)
    const name = keyword.startsWith(LIBARCHIVE_XATTR) ? decoded(keyword.slice(LIBARCHIVE_XATTR.length)) : undefined
    const plain = name === undefined ? undefined : records.get(`SCHILY.xattr.${name}`)
    if (!plain?.equals(Buffer.from(value.toString('latin1'), 'base64')))
      throw malformed(`an extended header holds ${keyword}, which libarchive reads and others do not`)
  }
  return records
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** @returns the bytes of the member's content */
function checkMember(header: TarHeader, { name, link, pax }: Extensions, { dotSlash }: GuardOptions): number {
  if ((name && pax?.has('path')) || (link && pax?.has('linkpath'))) throw malformed('a member is named twice')
  const path = (name ?? pax?.get('path') ?? header.name).toString('latin1').replace(/\0.*$/s, '')
  // pacman takes only metadata from members that begin with a dot, by their whole name.
  if (dotSlash === 'refused' && path.startsWith('./') && path !== './')
    throw malformed(`the path ${path.slice(0, 200)} begins with ./: pacman would not install it`)
  const size = Number(pax?.get('size')?.toString('latin1') ?? header.size)
  if (!Number.isSafeInteger(size) || size < 0) throw malformed(`${path}: its size is no number`)
  // libarchive reads the name of a file with a slash at its end as one of the two, by its version.
  if (header.kind === 'file' && path.endsWith('/')) throw malformed(`${path} is a file with the name of a directory`)
  if (size > 0 && header.kind !== 'file') throw malformed(`${path} has content, but is no file`)
  return size
}

function paddedSize(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `tar: ${what}` })
}
