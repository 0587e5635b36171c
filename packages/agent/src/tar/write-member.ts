import type { LeafEntry } from '@holotype/store'
import type { DirectoryMetadata } from '../tree/plan.ts'

const BLOCK = 512
/** What ends an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK)

/** POSIX.1-2017 pax, "ustar Interchange Format", typeflag. */
const TYPES = { file: '0', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' } as const

/** One member of a pax archive, its head and its tail; a file's contents go between. */
export function tarMember(
  name: string,
  entry: LeafEntry | (DirectoryMetadata & { readonly type: 'directory' }),
): { readonly head: Buffer; readonly tail: Buffer } {
  const size = entry.type === 'file' ? entry.size : 0
  const records: Buffer[] = [
    paxRecord('uid', Buffer.from(String(entry.uid))),
    paxRecord('gid', Buffer.from(String(entry.gid))),
    paxRecord('mtime', Buffer.from(String(entry.mtime))),
    paxRecord('size', Buffer.from(String(size))),
    ...(entry.type === 'symlink' ? [paxRecord('linkpath', Buffer.from(entry.target))] : []),
    ...Object.entries(entry.xattrs ?? {}).map(([key, value]) =>
      paxRecord(`SCHILY.xattr.${key}`, Buffer.from(value, 'base64')),
    ),
  ]
  const pax = Buffer.concat(records)
  const block = header(name, TYPES[entry.type], entry.mode, Math.min(size, 0o77777777777))
  if (entry.type === 'character' || entry.type === 'block') writeDevice(block, entry)
  return {
    head: Buffer.concat([header('pax', 'x', 0o644, pax.length), padded(pax), block]),
    tail: Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK),
  }
}

function writeDevice(block: Buffer, { major, minor }: { readonly major: number; readonly minor: number }): void {
  writeNumber(block, major, 329)
  writeNumber(block, minor, 337)
  sum(block)
}

/** Eight bytes: octal digits, or GNU's base-256 form for what has more digits than fit. */
function writeNumber(block: Buffer, value: number, at: number): void {
  if (value <= 0o7777777) block.write(`${octal(value, 7)}\0`, at)
  else {
    block.writeBigUInt64BE(BigInt(value), at)
    block[at] = 0x80
  }
}

function paxRecord(key: string, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  // The length counts its own digits.
  let length = body.length + 1
  while (String(length).length + body.length !== length) length = String(length).length + body.length
  return Buffer.concat([Buffer.from(String(length)), body])
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)])
}

function header(name: string, type: string, mode: number, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100)
  block.write(`${octal(mode, 7)}\0`, 100)
  block.write(`${octal(0, 7)}\0${octal(0, 7)}\0`, 108)
  block.write(`${octal(size, 11)}\0${octal(0, 11)}\0`, 124)
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  sum(block)
  return block
}

/** The header's checksum counts its own field as spaces. */
function sum(block: Buffer): void {
  block.write('        ', 148)
  const total = block.reduce((before, byte) => before + byte, 0)
  block.write(`${octal(total, 6)}\0 `, 148)
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
