import { MEMBERS_READ } from '../limits.ts'
import { listingLine } from './listing.ts'
import type { Member, Plugin } from './types.ts'

const HEADER_BYTES = 110
const MAGIC = /^07070[12]$/
/** The file types of the mode (inode(7), S_IFMT). */
const TYPES: Readonly<Record<number, 'symlink' | 'character' | 'block' | 'directory' | 'fifo'>> = {
  0o12: 'symlink',
  0o2: 'character',
  0o6: 'block',
  0o4: 'directory',
  0o1: 'fifo',
}

/**
 * cpio archives in the form that the kernel unpacks (Documentation/driver-api/early-userspace/buffer-format.rst): several one after another,
 * padded with zeros; what follows the last, mostly the compressed main part of an initial RAM disk, is a member of its own.
 */
export const cpio: Plugin = {
  name: 'cpio',
  wants: (_path, head) => MAGIC.test(head.toString('latin1', 0, 6)),
  describe(bytes) {
    const members: Member[] = []
    const listing: string[] = []
    let at = 0
    while (at + HEADER_BYTES <= bytes.length && MAGIC.test(bytes.toString('latin1', at, at + 6))) {
      const field = (index: number) =>
        Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
      const [mode, uid, gid, size, nameSize] = [field(1), field(2), field(3), field(6), field(11)]
      const begin = align(at + HEADER_BYTES + nameSize)
      if (!(nameSize > 0) || !(size >= 0) || begin + size > bytes.length) throw new Error('a member is cut short')
      const path = bytes.toString('utf8', at + HEADER_BYTES, at + HEADER_BYTES + nameSize - 1)
      const content = bytes.subarray(begin, begin + size)
      at = align(begin + size)
      if (path === 'TRAILER!!!') {
        while (at < bytes.length && bytes[at] === 0) at++
        continue
      }
      if (listing.length === MEMBERS_READ) throw new Error('too many members')
      const type = TYPES[(mode >> 12) & 0o17] ?? 'file'
      const link = type === 'symlink' ? content.toString('utf8') : undefined
      listing.push(listingLine({ type, mode, uid, gid, path, link }))
      if (type === 'file') members.push({ path, bytes: () => content })
    }
    const rest = bytes.subarray(at)
    if (rest.length > 0) members.push({ path: 'main', bytes: () => rest })
    return { facts: { listing }, members }
  },
}

function align(at: number): number {
  return Math.ceil(at / 4) * 4
}
