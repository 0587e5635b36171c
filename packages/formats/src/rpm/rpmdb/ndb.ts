import type { Complain } from '../header.ts'
import { adler32 } from './adler.ts'

/*
 * rpm's own database, `Packages.db` of the back end ndb. All numbers are 32 bits, little endian. A header of 32 bytes; pages of slots, the
 * header lying in the first; then blobs in blocks of 16 bytes. A slot says where the blob of a package lies; a blob is framed by a head
 * and a tail that repeat its length, with a checksum over all before the tail.
 */

const PAGE = 4096
/** Bytes of a slot, and of a block. */
const SLOT = 16
const HEADER = 32
const HEAD = 16
const TAIL = 12

const MAGIC = magic('RpmP')
const SLOT_MAGIC = magic('Slot')
const BLOB_START = magic('BlbS')
const BLOB_END = magic('BlbE')

/**
 * The headers of the packages in `Packages.db`, in the order of its slots, as views of `bytes`. Two slots that share blocks or a package's
 * number are refused, so that what is read is never more than the file.
 * @throws what `complain` makes
 */
export function* ndbBlobs(bytes: Buffer, complain: Complain): Generator<Buffer, void, undefined> {
  if (bytes.length < PAGE || bytes.readUInt32LE(0) !== MAGIC) throw complain('it does not start with RpmP')
  const version = bytes.readUInt32LE(4)
  if (version !== 0) throw complain(`its version is ${version}; expected 0`)
  const pages = bytes.readUInt32LE(12)
  if (pages === 0 || pages * PAGE > bytes.length)
    throw complain(`it has ${pages} pages of slots; its ${bytes.length} bytes hold ${Math.floor(bytes.length / PAGE)}`)
  const seen = new Set<number>()
  const taken = new Uint8Array(Math.floor(bytes.length / SLOT))
  for (let at = HEADER; at < pages * PAGE; at += SLOT) {
    if (bytes.readUInt32LE(at) !== SLOT_MAGIC) throw complain(`no slot at byte ${at}`)
    const number = bytes.readUInt32LE(at + 4)
    const first = bytes.readUInt32LE(at + 8)
    const count = bytes.readUInt32LE(at + 12)
    // A slot of no blocks is free.
    if (first === 0) continue
    const from = first * SLOT
    const to = from + count * SLOT
    if (number === 0 || seen.has(number)) throw complain(`the slot at byte ${at} is of package ${number} again`)
    seen.add(number)
    if (from < pages * PAGE || to > bytes.length || count * SLOT < HEAD + TAIL)
      throw complain(`the slot at byte ${at} names bytes ${from} to ${to} of ${bytes.length}`)
    if (taken.subarray(first, first + count).includes(1))
      throw complain(`the slot at byte ${at} names bytes that another has`)
    taken.fill(1, first, first + count)
    yield blobOf(bytes.subarray(from, to), number, (what) => complain(`the package at byte ${from} ${what}`))
  }
}

function blobOf(blob: Buffer, number: number, complain: Complain): Buffer {
  const length = blob.readUInt32LE(12)
  const tail = blob.length - TAIL
  if (blob.readUInt32LE(0) !== BLOB_START || blob.readUInt32LE(4) !== number) throw complain('has no head')
  if (blob.readUInt32LE(tail + 8) !== BLOB_END || blob.readUInt32LE(tail + 4) !== length) throw complain('has no tail')
  if (Math.ceil((HEAD + length + TAIL) / SLOT) * SLOT !== blob.length)
    throw complain(`has ${length} bytes in blocks of ${blob.length}`)
  const sum = blob.readUInt32LE(tail)
  const found = adler32(blob.subarray(0, tail))
  if (found !== sum) throw complain(`has the checksum ${found.toString(16)}; expected ${sum.toString(16)}`)
  return blob.subarray(HEAD, HEAD + length)
}

function magic(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE(0)
}
