import { contentParts, type InMemory, type Part, partsSize } from '../archive/content.ts'
import { checksum, TAR_BLOCK } from '../archive/tar-header.ts'
import { padding } from '../archive/tar-write.ts'
import { fail } from '../errors.ts'
import type { PayloadToWrite, PayloadType } from '../types.ts'

const FLAGS: Readonly<Record<PayloadType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/** Two blocks of zeros end an archive (POSIX pax, "ustar Interchange Format"). */
export const TAR_END: Buffer = Buffer.alloc(2 * TAR_BLOCK)

/**
 * Members of a tar archive in the form bsdtar gives a package: ustar headers, paths without a leading `./`, and an extended header where
 * ustar is too narrow: long names, large numbers, extended attributes (as SCHILY.xattr). Without {@link TAR_END}. Same members, same parts.
 * @throws PACKAGE_UNWRITABLE
 */
export function paxParts(members: Iterable<InMemory>): Generator<Uint8Array, void, undefined>
export function paxParts(members: Iterable<PayloadToWrite>): Generator<Part, void, undefined>
export function* paxParts(members: Iterable<PayloadToWrite>): Generator<Part, void, undefined> {
  for (const member of members) {
    const content = contentParts(member)
    const size = partsSize(content)
    yield* headers(member, size)
    yield* content
    yield* padding(size)
  }
}

/** The same in one piece, for what is small and in memory. @throws PACKAGE_UNWRITABLE */
export function writePax(members: Iterable<InMemory>): Buffer {
  return Buffer.concat([...paxParts(members)])
}

function* headers(member: PayloadToWrite, size: number): Generator<Uint8Array, void, undefined> {
  const name = Buffer.from(member.path === '' ? './' : member.type === 'directory' ? `${member.path}/` : member.path)
  const link = Buffer.from(member.target ?? '')
  const extended: (readonly [keyword: string, value: Uint8Array])[] = []
  const text = (keyword: string, value: string) => extended.push([keyword, Buffer.from(value)])
  // libarchive would translate names to the locale of whoever unpacks; this keeps the bytes (pax, "hdrcharset").
  if ((name.length > 100 && !isAscii(name)) || (link.length > 100 && !isAscii(link))) text('hdrcharset', 'BINARY')
  if (name.length > 100) extended.push(['path', name])
  if (link.length > 100) extended.push(['linkpath', link])
  for (const [keyword, value] of [
    ['uid', member.uid],
    ['gid', member.gid],
  ] as const)
    if (value > MAX_ID) text(keyword, String(value))
  if (size > MAX_SIZE) text('size', String(size))
  for (const [keyword, value] of Object.entries(member.xattrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    extended.push([`SCHILY.xattr.${keyword}`, Buffer.from(value, 'base64')])
  if (extended.length > 0) {
    const body = Buffer.concat(extended.map(paxRecord))
    const facts = {
      path: 'PaxHeader',
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: member.mtime,
      size: 0,
    } as const
    yield header(facts, { flag: 'x', name: Buffer.from('PaxHeader'), link: Buffer.alloc(0), size: body.length })
    yield body
    yield* padding(body.length)
  }
  yield header(member, { flag: FLAGS[member.type], name, link, size })
}

/** The largest numbers that seven and eleven octal digits hold. */
const MAX_ID = 0o7777777
const MAX_SIZE = 0o77777777777

/** `LENGTH KEYWORD=VALUE\n`, the length counting its own digits (pax, "Header Block"). */
function paxRecord([keyword, value]: readonly [string, Uint8Array]): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`), value, Buffer.from('\n')])
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

interface HeaderForm {
  readonly flag: string
  readonly name: Buffer
  readonly link: Buffer
  readonly size: number
}

function header(facts: PayloadToWrite, { flag, name, link, size }: HeaderForm): Buffer {
  const block = Buffer.alloc(TAR_BLOCK)
  name.copy(block, 0, 0, 100)
  octal(block, facts.mode, { at: 100, digits: 7 })
  // What is too large stands in the extended header.
  octal(block, Math.min(facts.uid, MAX_ID), { at: 108, digits: 7 })
  octal(block, Math.min(facts.gid, MAX_ID), { at: 116, digits: 7 })
  octal(block, Math.min(size, MAX_SIZE), { at: 124, digits: 11 })
  octal(block, facts.mtime, { at: 136, digits: 11 })
  block.write(flag, 156, 'latin1')
  link.copy(block, 157, 0, 100)
  block.write('ustar\x0000', 257, 'latin1')
  owner(block, facts.owner, 265)
  owner(block, facts.group, 297)
  octal(block, facts.device?.major ?? 0, { at: 329, digits: 7 })
  octal(block, facts.device?.minor ?? 0, { at: 337, digits: 7 })
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function octal(block: Buffer, value: number, { at, digits }: { readonly at: number; readonly digits: number }): void {
  const text = Number.isSafeInteger(value) && value >= 0 ? value.toString(8) : '9'.repeat(digits + 1)
  if (text.length > digits) throw fail('PACKAGE_UNWRITABLE', { what: `the number ${value} does not go into a package` })
  block.write(text.padStart(digits, '0'), at, 'latin1')
}

/** A name of at most 31 characters. */
function owner(block: Buffer, value: string | undefined, at: number): void {
  if (value === undefined) return
  if (!/^[!-~]{0,31}$/.test(value))
    throw fail('PACKAGE_UNWRITABLE', { what: `the owner ${JSON.stringify(value)} does not go into a package` })
  block.write(value, at, 'latin1')
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 128)
}
