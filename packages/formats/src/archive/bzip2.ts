import { BZIP2_BLOCK_INPUT_BYTES } from '../limits.ts'
import { bitReader, decodeBlock, type BitReader } from './bzip2-block.ts'

type Chunks = AsyncIterable<Uint8Array>

const BLOCK_MAGIC = 0x314159265359
const END_MAGIC = 0x177245385090

/**
 * Decompresses bzip2 by streaming, one block at a time: some 10 MB are held, 50 MB for a block of nothing but runs. Streams may follow each other, as bzip2(1) reads them.
 * Every block's and every stream's CRC is checked. @throws Error if the bytes are damaged or end early
 */
export async function* bunzip2(source: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  const input = inputOf(source)
  try {
    let streams = 0
    while ((await input.fill(4)) > 0) {
      const level = streamLevel(input.peek(), streams++)
      input.skip(4)
      yield* stream(input, level)
    }
    if (streams === 0) throw new Error('the bzip2 stream is empty')
  } finally {
    await input.close()
  }
}

async function* stream(input: Input, level: number): AsyncGenerator<Uint8Array, void, undefined> {
  let combined = 0
  /** Bits of the first byte that the block before has used. */
  let used = 0
  for (;;) {
    // A block is decoded without waiting for input: all it may have is there, or the input has ended.
    await input.fill(BZIP2_BLOCK_INPUT_BYTES)
    const bits = bitReader(input.peek(), used)
    const magic = bits.read(24) * 0x1000000 + bits.read(24)
    const crc = bits.read32()
    if (magic === END_MAGIC) {
      if (crc !== combined) throw new Error('the CRC of a bzip2 stream is wrong')
      input.skip(bits.wholeBytes())
      return
    }
    if (magic !== BLOCK_MAGIC) throw new Error('a bzip2 block does not start with its magic')
    const block = decodeBlock(bits, level * 100_000)
    if (block.crc !== crc) throw new Error('the CRC of a bzip2 block is wrong')
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0
    used = consume(input, bits)
    yield* block.chunks
  }
}

function consume(input: Input, bits: BitReader): number {
  const position = bits.position()
  input.skip(Math.floor(position / 8))
  return position % 8
}

function streamLevel(head: Uint8Array, before: number): number {
  const level = (head[3] ?? 0) - 0x30
  if (head[0] === 0x42 && head[1] === 0x5a && head[2] === 0x68 && level >= 1 && level <= 9) return level
  throw new Error(before === 0 ? 'no bzip2 stream starts here' : 'something else follows a bzip2 stream')
}

interface Input {
  /** Waits until `bytes` are there or the source has ended; how many are there. */
  fill(bytes: number): Promise<number>
  peek(): Uint8Array
  skip(bytes: number): void
  close(): Promise<void>
}

function inputOf(source: Chunks): Input {
  const iterator = source[Symbol.asyncIterator]()
  let buffer = Buffer.alloc(0)
  let ended = false
  return {
    async fill(bytes) {
      if (buffer.length >= bytes || ended) return buffer.length
      const parts: Uint8Array[] = [buffer]
      for (let length = buffer.length; length < bytes && !ended; ) {
        const next = await iterator.next()
        if (next.done) ended = true
        else {
          parts.push(next.value)
          length += next.value.length
        }
      }
      buffer = Buffer.concat(parts)
      return buffer.length
    },
    peek: () => buffer,
    skip(bytes) {
      if (bytes > buffer.length) throw new Error('the bzip2 stream is cut short')
      buffer = buffer.subarray(bytes)
    },
    close: async () => void (await iterator.return?.()),
  }
}
