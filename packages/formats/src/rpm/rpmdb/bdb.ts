import type { Complain } from '../header.ts'

/*
 * Berkeley DB's hash access method as far as `Packages` of rpm 4 needs it ("db_page.h" names the fields): a page of metadata, then pages of
 * items. Buckets are not followed, since everything is wanted: every page of items is read, in the order of the file. What was deleted
 * leaves no item; a page that was freed changes its type. Numbers are in the order of the machine that wrote it, told by the magic.
 */

const HASH_MAGIC = 0x061561
/** Types of pages: items of a hash, unsorted and sorted, and a part of what is longer than a page. */
const HASH_UNSORTED = 2
const HASH = 13
const OVERFLOW = 7
/** Types of items: in the page, or in pages of its own. */
const KEYDATA = 1
const OFFPAGE = 3
/** Bytes before the offsets of a page's items. */
const PAGE_HEADER = 26
const META_BYTES = 512

/** What reads numbers of one byte order. */
interface Numbers {
  u16(at: number): number
  u32(at: number): number
}

interface Place {
  readonly from: number
  readonly to: number
}

/**
 * The headers of the packages in a Berkeley DB hash, in the order of the file. A page is used once, so that what is read is never more than
 * the file. Without a lock: a root that is not in use.
 * @throws what `complain` makes
 */
export function* bdbBlobs(bytes: Buffer, complain: Complain): Generator<Buffer, void, undefined> {
  const { numbers, pageSize, pages } = metadataOf(bytes, complain)
  const used = new Uint8Array(pages)

  function gather(first: number, length: number): Buffer {
    const parts: Buffer[] = []
    let left = length
    for (let page = first; left > 0; ) {
      const at = page * pageSize
      if (page === 0 || page >= pages || bytes[at + 25] !== OVERFLOW || numbers.u32(at + 8) !== page)
        throw complain(`page ${page} is no part of a package`)
      if (used[page] === 1) throw complain(`page ${page} is a part of two packages`)
      used[page] = 1
      const part = numbers.u16(at + 22)
      if (part === 0 || part > left || part > pageSize - PAGE_HEADER)
        throw complain(`page ${page} holds ${part} bytes; ${left} are missing`)
      parts.push(bytes.subarray(at + PAGE_HEADER, at + PAGE_HEADER + part))
      left -= part
      page = numbers.u32(at + 16)
    }
    return Buffer.concat(parts)
  }

  function valueOf({ from, to }: Place): Buffer {
    if (bytes[from] === KEYDATA) return bytes.subarray(from + 1, to)
    if (bytes[from] !== OFFPAGE || to - from !== 12) throw complain(`the item at byte ${from} is of no type known`)
    const length = numbers.u32(from + 8)
    if (length > bytes.length) throw complain(`the item at byte ${from} has ${length} bytes, more than the file`)
    return gather(numbers.u32(from + 4), length)
  }

  for (let page = 1; page < pages; page++) {
    const at = page * pageSize
    const type = bytes[at + 25]
    if (type !== HASH && type !== HASH_UNSORTED) continue
    // Pages made in advance have no number yet.
    const number = numbers.u32(at + 8)
    if (number !== page && number !== 0) throw complain(`page ${page} calls itself ${number}`)
    const items = itemsOf(numbers, { at, pageSize, complain })
    for (let item = 0; item + 1 < items.length; item += 2) {
      const [key, value] = items.slice(item, item + 2)
      if (key === undefined || value === undefined) break
      const name = valueOf(key)
      // Package 0 is the counter of numbers.
      if (name.length !== 4) throw complain(`the key at byte ${key.from} has ${name.length} bytes; expected 4`)
      if (name.readUInt32LE(0) !== 0) yield valueOf(value)
    }
  }
}

function metadataOf(bytes: Buffer, complain: Complain): { numbers: Numbers; pageSize: number; pages: number } {
  const little = bytes.length >= META_BYTES && bytes.readUInt32LE(12) === HASH_MAGIC
  if (!little && (bytes.length < META_BYTES || bytes.readUInt32BE(12) !== HASH_MAGIC))
    throw complain('it is no hash of Berkeley DB')
  const numbers: Numbers = little
    ? { u16: (at) => bytes.readUInt16LE(at), u32: (at) => bytes.readUInt32LE(at) }
    : { u16: (at) => bytes.readUInt16BE(at), u32: (at) => bytes.readUInt32BE(at) }
  const version = numbers.u32(16)
  if (version < 8 || version > 10) throw complain(`it is a hash of version ${version}; expected 8 to 10`)
  if (bytes[24] !== 0) throw complain('it is encrypted')
  const pageSize = numbers.u32(20)
  if (pageSize < META_BYTES || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    throw complain(`its pages have ${pageSize} bytes; expected a power of two, 512 to 65536`)
  // The file may end before pages that were made in advance.
  const pages = Math.min(numbers.u32(32) + 1, Math.floor(bytes.length / pageSize))
  return { numbers, pageSize, pages }
}

/** Where a page's items lie, key and value in turn. Items lie from the page's end to its beginning: each ends where the one before begins. */
function itemsOf(
  numbers: Numbers,
  { at, pageSize, complain }: { readonly at: number; readonly pageSize: number; readonly complain: Complain },
): Place[] {
  const count = numbers.u16(at + 20)
  const places: Place[] = []
  let end = pageSize
  for (let item = 0; item < count; item++) {
    const offset = PAGE_HEADER + 2 * item + 2 > pageSize ? 0 : numbers.u16(at + PAGE_HEADER + 2 * item)
    if (offset < PAGE_HEADER + 2 * count || offset >= end)
      throw complain(`item ${item} of the page at byte ${at} lies at ${offset}; expected less than ${end}`)
    places.push({ from: at + offset, to: at + end })
    end = offset
  }
  return places
}
