import type { DirectoryMetadata } from '../tree/plan.ts'

const BLOCK = 512

/** One member of a pax archive with extended attributes, its head and its tail; the contents go between. */
export function tarMember(
  name: string,
  entry: DirectoryMetadata,
  content: { readonly type: 'file'; readonly size: number } | { readonly type: 'directory' },
): { readonly head: Buffer; readonly tail: Buffer } {
  const size = content.type === 'file' ? content.size : 0
  const records: Buffer[] = [
    paxRecord('uid', Buffer.from(String(entry.uid))),
    paxRecord('gid', Buffer.from(String(entry.gid))),
    paxRecord('mtime', Buffer.from(String(entry.mtime))),
    paxRecord('size', Buffer.from(String(size))),
    ...Object.entries(entry.xattrs ?? {}).map(([key, value]) =>
      paxRecord(`SCHILY.xattr.${key}`, Buffer.from(value, 'base64')),
    ),
  ]
  const pax = Buffer.concat(records)
  return {
    head: Buffer.concat([
      header('pax', 'x', 0o644, pax.length),
      padded(pax),
      header(name, content.type === 'file' ? '0' : '5', entry.mode, Math.min(size, 0o77777777777)),
    ]),
    tail: Buffer.alloc(((BLOCK - (size % BLOCK)) % BLOCK) + 2 * BLOCK),
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
  block.write('        ', 148)
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
