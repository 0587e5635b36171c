import { checksum, TAR_BLOCK } from '../archive/tar-header.ts'
import { fail } from '../errors.ts'

/** One member of an archive as xbps writes them: there are no directories in it. */
export interface UstarMember {
  /** As it stands in the archive: `./usr/bin/x`, `index.plist`. */
  readonly name: string
  readonly type: 'file' | 'hardlink' | 'symlink'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly owner?: string
  readonly group?: string
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly size: number
  /** What a link says; of a hard link the `name` of the member it means. */
  readonly target?: string
}

const FLAGS = { file: '0', hardlink: '1', symlink: '2' } as const

/** What ends an archive. */
export const USTAR_END = Buffer.alloc(2 * TAR_BLOCK)

/** Bytes between a member's content and the next block. */
export function ustarPadding(size: number): Buffer {
  return Buffer.alloc((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK)
}

/**
 * A member's header in libarchive's "restricted pax" form, in which xbps-create(1) and xbps-rindex(1) write: ustar, with an extended header
 * before it only where a name is not ASCII or too long.
 * @throws PACKAGE_UNWRITABLE for numbers or names that do not fit
 */
export function ustarHeader(member: UstarMember): Buffer {
  const { name, target = '' } = member
  const path = splitName(name)
  const records = [
    ...(path && isAscii(name) ? [] : [paxRecord('path', name)]),
    ...(isAscii(target) && target.length <= LINK_BYTES ? [] : [paxRecord('linkpath', target)]),
  ]
  const own = block(member, path ?? shortened(name, '', 98), FLAGS[member.type])
  if (records.length === 0) return own
  const body = Buffer.concat(records)
  const slash = name.lastIndexOf('/') + 1
  const paxName = `${name.slice(0, slash)}PaxHeader/${name.slice(slash)}`
  const extension = block(
    { ...member, mode: 0o644, size: body.length, target: '' },
    (path && splitName(paxName)) ?? shortened(name, 'PaxHeader/', 97),
    'x',
  )
  return Buffer.concat([extension, body, ustarPadding(body.length), own])
}

/** What readers see that do not know extended headers: the directory and as much of the last part as libarchive leaves. */
function shortened(name: string, insert: string, length: number): { readonly prefix: string; readonly name: string } {
  const slash = name.lastIndexOf('/')
  const directory = name.slice(0, Math.max(0, slash))
  return {
    prefix: Buffer.byteLength(directory) > PREFIX_BYTES ? '' : directory,
    name: (insert + name.slice(slash + 1)).slice(0, length),
  }
}

const NAME_BYTES = 100
const PREFIX_BYTES = 155
const LINK_BYTES = 100

/** A name as its two fields; undefined if it does not fit. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  const bytes = Buffer.from(name)
  if (bytes.length <= NAME_BYTES) return { prefix: '', name }
  const slash = bytes.indexOf('/', bytes.length - NAME_BYTES - 1)
  if (slash <= 0 || slash > PREFIX_BYTES || slash === bytes.length - 1) return undefined
  return { prefix: bytes.toString('utf8', 0, slash), name: bytes.toString('utf8', slash + 1) }
}

function block(member: UstarMember, path: { readonly prefix: string; readonly name: string }, flag: string): Buffer {
  const header = Buffer.alloc(TAR_BLOCK)
  Buffer.from(path.name).copy(header, 0, 0, NAME_BYTES)
  octal(header, member.mode, 100, 6, member.name)
  octal(header, member.uid, 108, 6, member.name)
  octal(header, member.gid, 116, 6, member.name)
  octal(header, member.size, 124, 11, member.name)
  octal(header, member.mtime, 136, 11, member.name)
  header.write(flag, 156, 'latin1')
  Buffer.from(member.target ?? '').copy(header, 157, 0, LINK_BYTES)
  header.write('ustar\x0000', 257, 'latin1')
  owner(header, member.owner, 265)
  owner(header, member.group, 297)
  octal(header, 0, 329, 6, member.name)
  octal(header, 0, 337, 6, member.name)
  Buffer.from(path.prefix).copy(header, 345, 0, PREFIX_BYTES)
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** Octal digits and a space; a number of one digit more takes the space's place. */
function octal(header: Buffer, value: number, offset: number, digits: number, name: string): void {
  const text = Number.isSafeInteger(value) && value >= 0 ? value.toString(8) : ''
  if (text === '' || text.length > digits + 1)
    throw fail('PACKAGE_UNWRITABLE', { what: `${name}: the number ${value} does not fit into an archive of xbps` })
  header.write(text.length > digits ? text : `${text.padStart(digits, '0')} `, offset, 'latin1')
}

function owner(header: Buffer, value: string | undefined, offset: number): void {
  if (value === undefined) return
  if (!/^[!-~]{0,31}$/.test(value))
    throw fail('PACKAGE_UNWRITABLE', { what: `the owner ${JSON.stringify(value)} does not go into a package` })
  header.write(value, offset, 'latin1')
}

function paxRecord(keyword: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${keyword}=${value}\n`)
  let length = rest + 1
  while (rest + String(length).length !== length) length++
  return Buffer.from(`${length} ${keyword}=${value}\n`)
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}
