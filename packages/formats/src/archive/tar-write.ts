import { fail } from '../errors.ts'
import type { PayloadEntry, PayloadToWrite, PayloadType } from '../types.ts'
import { contentParts, type InMemory, type Part, partsSize } from './content.ts'
import { checksum, TAR_BLOCK } from './tar-header.ts'

const FLAGS: Readonly<Record<PayloadType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/**
 * A tar archive in GNU form, the one that every dpkg reads (it refuses PAX headers), paths with the leading `./` that dpkg-deb writes.
 * Same members, same parts.
 * @throws PACKAGE_UNWRITABLE for what that form cannot hold: extended attributes, negative numbers
 */
export function tarParts(members: Iterable<InMemory>): Generator<Uint8Array, void, undefined>
export function tarParts(members: Iterable<PayloadToWrite>): Generator<Part, void, undefined>
export function* tarParts(members: Iterable<PayloadToWrite>): Generator<Part, void, undefined> {
  for (const member of members) {
    if (member.xattrs && Object.keys(member.xattrs).length > 0)
      throw fail('PACKAGE_UNWRITABLE', { what: `${member.path}: dpkg reads no extended attributes from a package` })
    const content = contentParts(member)
    const size = partsSize(content)
    const name = Buffer.from(memberName(member.path, member.type === 'directory'))
    const link = Buffer.from(
      member.type === 'hardlink' ? memberName(member.target ?? '', false) : (member.target ?? ''),
    )
    if (link.length > 100) yield longName('K', link)
    if (name.length > 100) yield longName('L', name)
    yield header({ ...member, size }, { flag: FLAGS[member.type], name, link })
    yield* content
    yield* padding(size)
  }
  yield Buffer.alloc(2 * TAR_BLOCK)
}

/** A tar archive in one piece, for what is small and in memory. */
export function writeTar(members: Iterable<InMemory>): Buffer {
  return Buffer.concat([...tarParts(members)])
}

function memberName(path: string, directory: boolean): string {
  if (path === '') return './'
  return `./${path}${directory ? '/' : ''}`
}

function longName(flag: 'K' | 'L', name: Buffer): Buffer {
  const bytes = Buffer.concat([name, Buffer.alloc(1)])
  const facts = { mode: 0, uid: 0, gid: 0, mtime: 0, size: bytes.length }
  const block = header(facts, { flag, name: Buffer.from('././@LongLink'), link: Buffer.alloc(0) })
  return Buffer.concat([block, bytes, ...padding(bytes.length)])
}

type HeaderFacts = Pick<PayloadEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'size' | 'owner' | 'group' | 'device'>

function header(
  facts: HeaderFacts,
  { flag, name, link }: { readonly flag: string; readonly name: Buffer; readonly link: Buffer },
): Buffer {
  const block = Buffer.alloc(TAR_BLOCK)
  name.copy(block, 0, 0, 100)
  number(block, facts.mode, 100, 8)
  number(block, facts.uid, 108, 8)
  number(block, facts.gid, 116, 8)
  number(block, facts.size, 124, 12)
  number(block, facts.mtime, 136, 12)
  block.write(flag, 156, 'latin1')
  link.copy(block, 157, 0, 100)
  block.write('ustar  \0', 257, 'latin1')
  text(block, facts.owner, 265)
  text(block, facts.group, 297)
  if (facts.device) {
    number(block, facts.device.major, 329, 8)
    number(block, facts.device.minor, 337, 8)
  }
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** Octal with a NUL at its end, or GNU's base 256 where that is too short. */
function number(block: Buffer, value: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw fail('PACKAGE_UNWRITABLE', { what: `the number ${value} does not go into a package` })
  const octal = value.toString(8)
  if (octal.length < length) {
    block.write(`${octal.padStart(length - 1, '0')}\0`, offset, 'latin1')
    return
  }
  let left = value
  for (let index = offset + length - 1; index > offset; index--) {
    block[index] = left % 256
    left = Math.floor(left / 256)
  }
  block[offset] = 0x80
}

/** A name of at most 31 characters. */
function text(block: Buffer, value: string | undefined, offset: number): void {
  if (value === undefined) return
  if (!/^[!-~]{0,31}$/.test(value))
    throw fail('PACKAGE_UNWRITABLE', { what: `the owner ${JSON.stringify(value)} does not go into a package` })
  block.write(value, offset, 'latin1')
}

/** The zeros between a content of `size` bytes and the next block. */
export function padding(size: number): Buffer[] {
  const rest = (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK
  return rest === 0 ? [] : [Buffer.alloc(rest)]
}
