import { adler32 } from './adler.ts'

const PAGE = 4096

/** A database of ndb's form, of these blobs; for tests. */
export function ndbDatabase(blobs: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(PAGE)
  slots.write('RpmP', 'latin1')
  slots.writeUInt32LE(1, 12)
  slots.writeUInt32LE(blobs.length + 1, 16)
  for (let at = 32; at < PAGE; at += 16) slots.write('Slot', at, 'latin1')
  const parts: Buffer[] = [slots]
  let block = PAGE / 16
  for (const [i, blob] of blobs.entries()) {
    const framed = frame(i + 1, blob)
    for (const [at, value] of [i + 1, block, framed.length / 16].entries())
      slots.writeUInt32LE(value, 32 + 16 * i + 4 + 4 * at)
    parts.push(framed)
    block += framed.length / 16
  }
  return Buffer.concat(parts)
}

function frame(number: number, blob: Buffer): Buffer {
  const framed = Buffer.alloc(Math.ceil((16 + blob.length + 12) / 16) * 16)
  framed.write('BlbS', 'latin1')
  framed.writeUInt32LE(number, 4)
  framed.writeUInt32LE(blob.length, 12)
  blob.copy(framed, 16)
  framed.writeUInt32LE(blob.length, framed.length - 8)
  framed.write('BlbE', framed.length - 4, 'latin1')
  framed.writeUInt32LE(adler32(framed.subarray(0, -12)), framed.length - 12)
  return framed
}

/** Gives every blob that a slot of the first page names its right checksum. */
export function repairNdb(bytes: Buffer): Buffer {
  for (let at = 32; at + 16 <= Math.min(PAGE, bytes.length); at += 16) {
    const from = bytes.readUInt32LE(at + 8) * 16
    const to = from + bytes.readUInt32LE(at + 12) * 16
    if (from < PAGE || to > bytes.length || to - from < 28) continue
    bytes.writeUInt32LE(adler32(bytes.subarray(from, to - 12)), to - 12)
  }
  return bytes
}

/** A hash of Berkeley DB: one page of items, each value in pages of its own; for tests. */
export function bdbDatabase(values: readonly Buffer[]): Buffer {
  const size = 512
  const overflow: Buffer[] = []
  const items = Buffer.alloc(size)
  items.writeUInt32LE(1, 8)
  items.writeUInt16LE(2 * values.length, 20)
  items[25] = 13
  let end = size
  for (const [i, value] of values.entries()) {
    const first = overflow.length + 2
    for (let at = 0; at < value.length; at += size - 26) {
      const part = value.subarray(at, at + size - 26)
      const page = Buffer.alloc(size)
      const number = overflow.length + 2
      page.writeUInt32LE(number, 8)
      page.writeUInt32LE(at + part.length < value.length ? number + 1 : 0, 16)
      page.writeUInt16LE(part.length, 22)
      page[25] = 7
      part.copy(page, 26)
      overflow.push(page)
    }
    end -= 5
    items.writeUInt16LE(end, 26 + 4 * i)
    items[end] = 1
    items.writeUInt32LE(i + 1, end + 1)
    end -= 12
    items.writeUInt16LE(end, 28 + 4 * i)
    items[end] = 3
    items.writeUInt32LE(first, end + 4)
    items.writeUInt32LE(value.length, end + 8)
  }
  const meta = Buffer.alloc(size)
  for (const [at, number] of [
    [12, 0x061561],
    [16, 9],
    [20, size],
    [32, overflow.length + 1],
  ] as const)
    meta.writeUInt32LE(number, at)
  meta[25] = 8
  return Buffer.concat([meta, items, ...overflow])
}
