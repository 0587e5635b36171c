import { fail } from '../errors.ts'
import type { PayloadType } from '../types.ts'

export const TAR_BLOCK = 512

const SPACE = 32
const ZERO = 48

/** One 512-byte header (POSIX ustar, GNU, V7), its numbers read and its checksum checked. Names are bytes still. */
export interface TarHeader {
  readonly name: Buffer
  readonly linkName: Buffer
  readonly kind: PayloadType | TarExtension
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly owner: string
  readonly group: string
  readonly major: number
  readonly minor: number
}

/** Headers that say something of the member that follows. */
export type TarExtension = 'gnu-long-name' | 'gnu-long-link' | 'pax' | 'pax-global'

const KINDS = new Map<string, PayloadType | TarExtension>([
  ['\0', 'file'],
  ['0', 'file'],
  ['7', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'character'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['L', 'gnu-long-name'],
  ['K', 'gnu-long-link'],
  ['x', 'pax'],
  ['g', 'pax-global'],
])

/**
 * Decodes a header block; undefined for the block of zeros that ends an archive.
 * @throws PACKAGE_MALFORMED on a wrong checksum, a number that is none, or a kind no package uses (sparse, multi-volume)
 */
export function decodeTarHeader(block: Buffer): TarHeader | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return undefined
  if (checksum(block) !== number(block, 148, 8)) throw malformed('a header has a wrong checksum')
  const ustar = block.toString('latin1', 257, 263) === 'ustar\0'
  const name = terminated(block, 0, 100)
  const prefix = ustar ? terminated(block, 345, 155) : Buffer.alloc(0)
  const flag = String.fromCharCode(block[156] ?? 0)
  const kind = KINDS.get(flag)
  if (kind === undefined) throw malformed(`a member has the kind ${JSON.stringify(flag)}, which no package uses`)
  return {
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    kind,
    linkName: terminated(block, 157, 100),
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    owner: terminated(block, 265, 32).toString('latin1'),
    group: terminated(block, 297, 32).toString('latin1'),
    major: number(block, 329, 8),
    minor: number(block, 337, 8),
  }
}

/** The unsigned sum of a header's bytes, its own field counted as spaces. */
export function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let index = 0; index < TAR_BLOCK; index++) if (index < 148 || index >= 156) sum += block[index] ?? 0
  return sum
}

function terminated(block: Buffer, offset: number, length: number): Buffer {
  return untilNul(block.subarray(offset, offset + length))
}

/** A name as C has it. */
export function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** Octal digits between spaces and NULs, or GNU's base 256 when the first bit is set. */
function number(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0
  if (first & 0x80) {
    // Times before 1970 would be negative; no package holds them.
    let value = first & 0x7f
    for (let index = 1; index < length; index++) value = value * 256 + (block[offset + index] ?? 0)
    if (!Number.isSafeInteger(value)) throw malformed('a header holds a number out of range')
    return value
  }
  const end = offset + length
  let at = offset
  while (at < end && block[at] === SPACE) at++
  let value = 0
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - ZERO
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  // Where digits follow a NUL readers differ: dpkg and libarchive stop at it, GNU tar passes a leading one over.
  for (; at < end; at++)
    if (block[at] !== 0 && block[at] !== SPACE) throw malformed('a header holds a number that is not octal')
  return value
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `tar: ${what}` })
}
