import { createHash, hash } from 'node:crypto'
import { contentFault, contentParts, type Part, partsSize } from '../archive/content.ts'
import { confinedPath } from '../archive/path.ts'
import { pathGuard } from '../archive/path-guard.ts'
import { isErrorCode } from '@holotype/base'
import { isElf } from '../elf/sonames.ts'
import { fail } from '../errors.ts'
import type { PackageToWrite, PayloadEntry } from '../types.ts'
import { CAPABILITY_XATTR, capabilityText } from './capabilities.ts'
import { cpioHeader, cpioPadding } from './cpio.ts'
import type { HeaderEntry } from './header-write.ts'
import { FILE_FLAGS } from './package-files.ts'
import { TAGS, type TagName } from './tags.ts'

type Member = PackageToWrite['payload'][number]

/** A payload as an rpm holds it. */
export interface WrittenFiles {
  /** Of the header. Digests of streamed files are zeros, as many, until `archive` was read to its end. */
  readonly entries: () => readonly HeaderEntry[]
  /** The cpio archive, not compressed. */
  readonly archive: readonly Part[]
  /** Bytes when installed, as rpm counts them: files and the texts of symbolic links; hard links once. */
  readonly size: number
  readonly hasFiles: boolean
  readonly hasLinks: boolean
  readonly hasCapabilities: boolean
}

const TYPE_BITS = {
  file: 0o100000,
  hardlink: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
} as const

/** What stands in the header for one member. */
interface Row {
  readonly member: Member
  readonly path: string
  readonly flags: number
  inode: number
  links: number
  /** Whether the archive has its bytes: of a hard link set the last in the header's order has. */
  carries: boolean
  readonly source: Member
}

/**
 * A payload's header tags and its archive. The header lists files by path, as rpm searches them; the archive keeps the payload's order, but
 * that of a hard link set the bytes come last, as rpm reads them. `flags`: FILEFLAGS by absolute path.
 * @throws PACKAGE_UNWRITABLE
 */
export function writeFiles(payload: readonly Member[], flags: ReadonlyMap<string, number>): WrittenFiles {
  const rows = rowsOf(payload, flags)
  // By bytes, as rpm's binary search compares them.
  const sorted = rows
    .map((row) => ({ row, bytes: Buffer.from(row.path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ row }) => row)
  const sets = numberLinks(rows, sorted)
  const facts = new Map<Member, ContentFacts>()
  const archive = [...archiveOf(rows, { sets, facts })]
  const size = rows.reduce((sum, { member, flags: bits }) => {
    if ((bits & FILE_FLAGS.GHOST) !== 0) return sum
    if (member.type === 'symlink') return sum + Buffer.byteLength(member.target ?? '')
    return member.type === 'file' ? sum + member.size : sum
  }, 0)
  return {
    entries: () => (sorted.length === 0 ? [] : headerEntries(sorted, facts)),
    archive,
    size,
    hasFiles: rows.length > 0,
    hasLinks: sets.size > 0,
    hasCapabilities: rows.some(({ member }) => member.xattrs !== undefined),
  }
}

function rowsOf(payload: readonly Member[], flags: ReadonlyMap<string, number>): Row[] {
  const guard = pathGuard()
  const byPath = new Map<string, Row>()
  for (const member of payload) {
    checkMember(member)
    try {
      guard(member)
    } catch (error) {
      throw isErrorCode(error, 'PACKAGE_MALFORMED') ? unwritable(error.message) : error
    }
    const path = `/${member.path}`
    if (byPath.has(path)) throw unwritable(`${path} is in the payload twice`)
    const source = member.type === 'hardlink' ? byPath.get(`/${member.target ?? ''}`)?.source : member
    if (source === undefined) throw unwritable(`${path} links to ${member.target}, which is no file before it`)
    byPath.set(path, { member, path, flags: flags.get(path) ?? 0, inode: 0, links: 1, carries: true, source })
  }
  for (const path of flags.keys())
    if (!byPath.has(path)) throw unwritable(`FILEFLAGS names ${path}, which is not in the payload`)
  return [...byPath.values()]
}

function checkMember(member: Member): void {
  const { path, type, target, xattrs, device, owner, group, uid, gid } = member
  const wrong = (what: string) => unwritable(`${JSON.stringify(path)}: ${what}`)
  if (path !== '' && confinedPath(path) !== path) throw wrong('is no normal path below the root')
  const fault = contentFault(member)
  if (fault !== undefined) throw wrong(fault)
  if ((type === 'symlink' || type === 'hardlink') && (target === undefined || target === '' || target.includes('\0')))
    throw wrong('is a link without a target')
  if (device && (device.major > 0xff || device.minor > 0xff))
    throw wrong('has a device number of more than 8 bits, which rpm cannot hold')
  if ((owner === undefined && uid !== 0) || (group === undefined && gid !== 0))
    throw wrong('has an owner by number, rpm wants a name')
  for (const name of Object.keys(xattrs ?? {}))
    if (name !== CAPABILITY_XATTR) throw wrong(`has the attribute ${name}, which rpm cannot hold`)
}

/** Gives the members of a set one inode, and tells which of them the archive's bytes stand with. */
function numberLinks(rows: readonly Row[], sorted: readonly Row[]): ReadonlyMap<Member, readonly Row[]> {
  const bySource = new Map<Member, Row[]>()
  for (const row of sorted)
    if (row.member.type === 'hardlink' || row.member.type === 'file') {
      const set = bySource.get(row.source)
      if (set) set.push(row)
      else bySource.set(row.source, [row])
    }
  const sets = new Map([...bySource].filter(([, set]) => set.length > 1))
  for (const [i, row] of sorted.entries()) row.inode = i + 1
  for (const set of sets.values())
    for (const row of set) {
      row.inode = set[0]?.inode ?? 0
      row.links = set.length
      row.carries = row === set.at(-1)
    }
  if (rows.length > 0xffffffff) throw unwritable('there are more files than 32 bits count')
  return sets
}

/** What the header says of a file's content. */
interface ContentFacts {
  readonly sha256: string
  readonly color: number
}

const UNREAD: ContentFacts = { sha256: '0'.repeat(64), color: 0 }
const EMPTY: ContentFacts = { sha256: hash('sha256', '', 'hex'), color: 0 }

/** The parts of the archive; what is learnt of a content as it goes by stands in `facts`, by the member that has it. */
function* archiveOf(
  rows: readonly Row[],
  { sets, facts }: { readonly sets: ReadonlyMap<Member, readonly Row[]>; readonly facts: Map<Member, ContentFacts> },
): Generator<Part, void, undefined> {
  function* one(row: Row): Generator<Part, void, undefined> {
    const { member, source } = row
    const content = contentOf(row, facts)
    const size = partsSize(content)
    const { major = 0, minor = 0 } = member.device ?? {}
    const mode = TYPE_BITS[member.type] | source.mode
    yield cpioHeader(`./${member.path}`, [row.inode, mode, row.links, source.mtime, size, major, minor])
    yield* content
    yield cpioPadding(size)
  }
  for (const row of rows) {
    if ((row.flags & FILE_FLAGS.GHOST) !== 0 || row.member.type === 'hardlink') continue
    for (const other of sets.get(row.source) ?? [row]) yield* one(other)
  }
  yield cpioHeader('TRAILER!!!', [])
}

function contentOf({ member, source, carries }: Row, facts: Map<Member, ContentFacts>): Part[] {
  if (member.type === 'symlink') return [Buffer.from(member.target ?? '')]
  if (!carries) return []
  const learn = (known: ContentFacts) => facts.set(source, known)
  return contentParts(source).map((part) => {
    if (!(part instanceof Uint8Array)) return { ...part, open: () => observed(part.open(), learn) }
    learn({ sha256: hash('sha256', part, 'hex'), color: colorOf(part) })
    return part
  })
}

async function* observed(
  content: AsyncIterable<Uint8Array>,
  learn: (facts: ContentFacts) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const sha256 = createHash('sha256')
  let head: Uint8Array = Buffer.alloc(0)
  for await (const chunk of content) {
    sha256.update(chunk)
    if (head.length < ELF_IDENT_BYTES) head = Buffer.concat([head, chunk.subarray(0, ELF_IDENT_BYTES)])
    yield chunk
  }
  learn({ sha256: sha256.digest('hex'), color: colorOf(head) })
}

function headerEntries(sorted: readonly Row[], facts: ReadonlyMap<Member, ContentFacts>): HeaderEntry[] {
  const directories: string[] = []
  const places = new Map<string, number>()
  const indexes: number[] = []
  const names: string[] = []
  for (const { path } of sorted) {
    const slash = path.lastIndexOf('/') + 1
    const directory = path.slice(0, slash)
    let place = places.get(directory)
    if (place === undefined) {
      place = directories.length
      places.set(directory, place)
      directories.push(directory)
    }
    indexes.push(place)
    names.push(path.slice(slash))
  }
  const entry = (name: TagName, values: HeaderEntry['values']): HeaderEntry => ({
    tag: TAGS[name].number,
    type: TAGS[name].type,
    values,
  })
  const numbers = (name: TagName, of: (row: Row) => number) => entry(name, sorted.map(of))
  const strings = (name: TagName, of: (row: Row) => string) => entry(name, sorted.map(of))
  const regular = ({ member }: Row) => member.type === 'file' || member.type === 'hardlink'
  const factsOf = ({ source }: Row) => facts.get(source) ?? (source.size > 0 ? UNREAD : EMPTY)
  const capabilities = sorted.map(capabilitiesOf)
  return [
    numbers('FILESIZES', (row) =>
      regular(row) ? row.source.size : row.member.type === 'symlink' ? Buffer.byteLength(row.member.target ?? '') : 0,
    ),
    numbers('FILEMODES', ({ member, source }) => TYPE_BITS[member.type] | source.mode),
    numbers('FILERDEVS', ({ member: { device } }) => (device ? (device.major << 8) | device.minor : 0)),
    numbers('FILEMTIMES', ({ source }) => source.mtime),
    strings('FILEDIGESTS', (row) => (regular(row) && (row.flags & FILE_FLAGS.GHOST) === 0 ? factsOf(row).sha256 : '')),
    strings('FILELINKTOS', ({ member }) => (member.type === 'symlink' ? (member.target ?? '') : '')),
    numbers('FILEFLAGS', ({ flags }) => flags),
    strings('FILEUSERNAME', ({ source }) => source.owner ?? 'root'),
    strings('FILEGROUPNAME', ({ source }) => source.group ?? 'root'),
    numbers('FILEVERIFYFLAGS', () => 0xffffffff),
    numbers('FILEDEVICES', () => 1),
    numbers('FILEINODES', ({ inode }) => inode),
    strings('FILELANGS', () => ''),
    entry('DIRINDEXES', indexes),
    entry('BASENAMES', names),
    entry('DIRNAMES', directories),
    numbers('FILECOLORS', (row) => (regular(row) ? factsOf(row).color : 0)),
    entry('FILEDIGESTALGO', [8]),
    ...(capabilities.some((text) => text !== '') ? [entry('FILECAPS', capabilities)] : []),
  ]
}

/** Bytes of e_ident: by them a file's class is known. */
const ELF_IDENT_BYTES = 16

/** 1 of a 32-bit ELF file, 2 of a 64-bit one: by it rpm lets two architectures' packages share a path, the 64-bit file staying. */
function colorOf(bytes: Uint8Array): number {
  const color = isElf(bytes) ? bytes[4] : 0
  return color === 1 || color === 2 ? color : 0
}

function capabilitiesOf({ source }: { readonly source: PayloadEntry }): string {
  const value = source.xattrs?.[CAPABILITY_XATTR]
  if (value === undefined) return ''
  const text = capabilityText(Buffer.from(value, 'base64'))
  if (text === undefined)
    throw unwritable(`${JSON.stringify(source.path)}: its ${CAPABILITY_XATTR} is of a form that rpm cannot hold`)
  return text
}

function unwritable(what: string): Error {
  return fail('PACKAGE_UNWRITABLE', { what })
}
