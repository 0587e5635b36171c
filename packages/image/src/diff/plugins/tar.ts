import { MEMBERS_READ } from '../limits.ts'
import { listingLine } from './listing.ts'
import type { Member, Plugin } from './types.ts'

const BLOCK = 512

/** tar archives: ustar, with long names of GNU tar and of pax (POSIX.1-2001, pax Interchange Format). */
export const tar: Plugin = {
  name: 'tar',
  wants: (_path, head) => head.toString('latin1', 257, 262) === 'ustar',
  describe(bytes) {
    const members: Member[] = []
    const listing: string[] = []
    let longName: string | undefined
    for (let at = 0; at + BLOCK <= bytes.length; ) {
      const header = bytes.subarray(at, at + BLOCK)
      if (header[0] === 0 && header.every((byte) => byte === 0)) break
      if (header.toString('latin1', 257, 262) !== 'ustar') throw new Error('a member has no header')
      const [size, type] = [numberAt(header, 124, 12), header.toString('latin1', 156, 157)]
      const begin = at + BLOCK
      if (!(size >= 0) || begin + size > bytes.length) throw new Error('a member is cut short')
      const content = bytes.subarray(begin, begin + size)
      at = begin + Math.ceil(size / BLOCK) * BLOCK
      if (type === 'L') longName = textOf(content)
      else if (type === 'x') longName = paxPath(content) ?? longName
      else if (type !== 'g' && type !== 'K') {
        if (listing.length === MEMBERS_READ) throw new Error('too many members')
        const prefix = textOf(header.subarray(345, 500))
        const short = textOf(header.subarray(0, 100))
        const isUstar = header.toString('latin1', 257, 263) === 'ustar\0'
        const path = longName ?? (isUstar && prefix !== '' ? `${prefix}/${short}` : short)
        longName = undefined
        const link = type === '1' || type === '2' ? textOf(header.subarray(157, 257)) : undefined
        const [mode, uid, gid] = [numberAt(header, 100, 8), numberAt(header, 108, 8), numberAt(header, 116, 8)]
        listing.push(listingLine({ type: TYPES[type] ?? 'file', mode, uid, gid, path, link }))
        if (type === '0' || type === '\0') members.push({ path, bytes: () => content })
      }
    }
    return { facts: { listing }, members }
  },
}

const TYPES: Readonly<Record<string, 'symlink' | 'character' | 'block' | 'directory' | 'fifo'>> = {
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

/** An octal number, or GNU's base 256 for what does not fit. */
function numberAt(header: Buffer, at: number, length: number): number {
  if (header.readUInt8(at) & 0x80) return header.readUIntBE(at + length - 6, 6)
  return Number.parseInt(
    header
      .toString('latin1', at, at + length)
      .replace(/\0.*$/s, '')
      .trim() || '0',
    8,
  )
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

function paxPath(content: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1]
}
