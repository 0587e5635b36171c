/** Bits of bytes held in memory, the highest first. Past the end it throws. */
export interface BitReader {
  /** Up to 24 bits. */
  read(count: number): number
  read32(): number
  /** Bits read, from the start of the bytes. */
  position(): number
  /** Bytes read, a started one counted whole. */
  wholeBytes(): number
}

export function bitReader(bytes: Uint8Array, skipBits: number): BitReader {
  let at = 0
  let window = 0
  let held = 0
  function read(count: number): number {
    while (held < count) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('the bzip2 stream is cut short')
      window = ((window << 8) | byte) & 0xffffffff
      held += 8
    }
    held -= count
    return (window >>> held) & ((1 << count) - 1)
  }
  read(skipBits)
  return {
    read,
    read32: () => read(16) * 0x10000 + read(16),
    position: () => at * 8 - held,
    wholeBytes: () => at - Math.floor(held / 8),
  }
}

export interface Block {
  /** The bytes, in chunks. */
  readonly chunks: readonly Uint8Array[]
  readonly crc: number
}

/** Symbols between two selections of a Huffman table. */
const GROUP = 50
const MAX_SELECTORS = 18_002
const MAX_CODE_BITS = 20

/** Decodes what follows a block's magic and CRC: Huffman codes, move-to-front, the Burrows-Wheeler transform, run lengths. */
export function decodeBlock(bits: BitReader, blockSize: number): Block {
  if (bits.read(1) === 1) throw new Error('a bzip2 block is randomised, which no bzip2 since 0.9.5 writes')
  const origin = bits.read(24)
  const symbols = readSymbolMap(bits)
  const { links, length } = readTransformed(bits, symbols, blockSize)
  if (origin >= length) throw new Error('a bzip2 block starts outside itself')
  return unrun(links, length, origin)
}

function readSymbolMap(bits: BitReader): Uint8Array {
  const groups = bits.read(16)
  const used: number[] = []
  for (let group = 0; group < 16; group++) {
    if ((groups & (0x8000 >>> group)) === 0) continue
    const members = bits.read(16)
    for (let i = 0; i < 16; i++) if ((members & (0x8000 >>> i)) !== 0) used.push(group * 16 + i)
  }
  if (used.length === 0) throw new Error('a bzip2 block uses no symbols')
  return Uint8Array.from(used)
}

function readSelectors(bits: BitReader, tables: number): Uint8Array {
  const count = bits.read(15)
  if (count === 0) throw new Error('a bzip2 block has no selectors')
  const selectors = new Uint8Array(Math.min(count, MAX_SELECTORS))
  const order = [0, 1, 2, 3, 4, 5]
  for (let i = 0; i < count; i++) {
    let place = 0
    while (bits.read(1) === 1) if (++place >= tables) throw new Error('a bzip2 block selects a table that is not there')
    const [table = 0] = order.splice(place, 1)
    order.unshift(table)
    // bzip2 1.0.8 reads on past what a block can need, for what lbzip2 writes.
    if (i < MAX_SELECTORS) selectors[i] = table
  }
  return selectors
}

/** A canonical Huffman code: by length, the codes below `limit` are `symbols[code - offset]`. */
interface Table {
  readonly shortest: number
  readonly limit: Int32Array
  readonly offset: Int32Array
  readonly symbols: Uint16Array
}

function readTable(bits: BitReader, alphabet: number): Table {
  const lengths = new Uint8Array(alphabet)
  let length = bits.read(5)
  for (let symbol = 0; symbol < alphabet; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw new Error('a bzip2 code has no sound length')
      if (bits.read(1) === 0) break
      length += bits.read(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  const symbols = new Uint16Array(alphabet)
  const limit = new Int32Array(MAX_CODE_BITS + 2)
  const offset = new Int32Array(MAX_CODE_BITS + 2)
  let code = 0
  let filled = 0
  let shortest = 0
  for (let size = 1; size <= MAX_CODE_BITS; size++) {
    offset[size] = code - filled
    for (let symbol = 0; symbol < alphabet; symbol++)
      if (lengths[symbol] === size) {
        symbols[filled++] = symbol
        code++
        shortest ||= size
      }
    limit[size] = code
    code <<= 1
  }
  return { shortest, limit, offset, symbols }
}

/** The block's last column, each byte in the low 8 bits of its link; above them, after `linkUp`, where the next byte stands. */
function readTransformed(
  bits: BitReader,
  symbols: Uint8Array,
  blockSize: number,
): { readonly links: Uint32Array; readonly length: number } {
  const alphabet = symbols.length + 2
  const tableCount = bits.read(3)
  if (tableCount < 2 || tableCount > 6) throw new Error(`a bzip2 block has ${tableCount} tables; expected 2 to 6`)
  const selectors = readSelectors(bits, tableCount)
  const tables = Array.from({ length: tableCount }, () => readTable(bits, alphabet))
  const links = new Uint32Array(blockSize)
  const counts = new Uint32Array(257)
  const front = symbols.slice()
  const end = alphabet - 1
  let length = 0
  let run = 0
  let runBit = 1
  for (let group = 0; ; group++) {
    const table = group < selectors.length ? tables[selectors[group] ?? 0] : undefined
    if (table === undefined) throw new Error('a bzip2 block has more symbols than its selectors cover')
    for (let i = 0; i < GROUP; i++) {
      const symbol = readSymbol(bits, table)
      if (symbol <= 1) {
        if (runBit > blockSize) throw new Error('a bzip2 run is longer than its block')
        run += runBit << symbol
        runBit <<= 1
        continue
      }
      if (run > 0) {
        const byte = front[0] ?? 0
        if (length + run > blockSize) throw new Error('a bzip2 block is longer than its stream allows')
        counts[byte + 1] = (counts[byte + 1] ?? 0) + run
        links.fill(byte, length, length + run)
        length += run
        run = 0
        runBit = 1
      }
      if (symbol === end) {
        linkUp(links, counts, length)
        return { links, length }
      }
      if (length >= blockSize) throw new Error('a bzip2 block is longer than its stream allows')
      const byte = front[symbol - 1] ?? 0
      front.copyWithin(1, 0, symbol - 1)
      front[0] = byte
      counts[byte + 1] = (counts[byte + 1] ?? 0) + 1
      links[length++] = byte
    }
  }
}

function readSymbol(bits: BitReader, { shortest, limit, offset, symbols }: Table): number {
  let size = shortest
  let code = bits.read(size)
  while (code >= (limit[size] ?? 0)) {
    if (++size > MAX_CODE_BITS) throw new Error('a bzip2 code is in no table')
    code = (code << 1) | bits.read(1)
  }
  const symbol = symbols[code - (offset[size] ?? 0)]
  if (symbol === undefined) throw new Error('a bzip2 code is in no table')
  return symbol
}

/** Inverts the transform: the n-th occurrence of a byte in the last column is the n-th of it in the sorted first one. */
function linkUp(links: Uint32Array, counts: Uint32Array, length: number): void {
  for (let byte = 1; byte < 257; byte++) counts[byte] = (counts[byte] ?? 0) + (counts[byte - 1] ?? 0)
  for (let i = 0; i < length; i++) {
    const byte = (links[i] ?? 0) & 0xff
    const place = counts[byte] ?? 0
    counts[byte] = place + 1
    links[place] = ((links[place] ?? 0) & 0xff) | (i << 8)
  }
}

const OUTPUT_BYTES = 256 * 1024

/** Follows the links and takes back the first run-length coding: four equal bytes are followed by how many more there are. */
function unrun(links: Uint32Array, length: number, origin: number): Block {
  const chunks: Uint8Array[] = []
  let out = new Uint8Array(OUTPUT_BYTES)
  let filled = 0
  let crc = 0xffffffff
  let repeats = 0
  let last = -1
  let at = (links[origin] ?? 0) >>> 8
  for (let i = 0; i < length; i++) {
    const link = links[at] ?? 0
    const byte = link & 0xff
    at = link >>> 8
    let copies = 1
    let value = byte
    if (repeats === 4) {
      copies = byte
      value = last
      repeats = 0
      last = -1
    } else {
      repeats = byte === last ? repeats + 1 : 1
      last = byte
    }
    for (; copies > 0; copies--) {
      if (filled === OUTPUT_BYTES) {
        chunks.push(out)
        out = new Uint8Array(OUTPUT_BYTES)
        filled = 0
      }
      out[filled++] = value
      crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ value] ?? 0)
    }
  }
  chunks.push(out.subarray(0, filled))
  return { chunks, crc: ~crc >>> 0 }
}

/** CRC-32 with the polynomial 0x04c11db7, highest bit first. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let i = 0; i < 8; i++) crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04c11db7 : 0)
  return crc >>> 0
})
