import { createZstdDecompress } from 'node:zlib'
import { READ_CHUNK_BYTES, ZSTD_FRAME_BYTES, ZSTD_SMALL_FRAMES } from '../limits.ts'

type Chunks = AsyncIterable<Uint8Array>

/**
 * Decompresses zstd frames, one after the other (RFC 8878 §3). Node's decoder ends at the end of the first frame and says nothing of what
 * follows: here it begins anew there. Errors of the decoder come as they are.
 */
export async function* unzstd(
  source: Chunks,
  chunkSize = READ_CHUNK_BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Uint8Array = Buffer.alloc(0)
  /** False when the source has no more. */
  const fill = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const next = await iterator.next()
      if (next.done) return false
      rest = next.value
    }
    return true
  }
  try {
    // No frame at all is as wrong as half of one: the first decoder is given the empty input and complains.
    let first = true
    let frames = 0
    let bytes = 0
    while ((await fill()) || first) {
      first = false
      const decoder = createZstdDecompress({ chunkSize })
      const feeding = feed(decoder, {
        fill,
        take: () => rest,
        leave: (left) => {
          rest = left
        },
      })
      // Awaited below; until then a failure must not count as unhandled.
      feeding.catch(() => {})
      try {
        for await (const chunk of decoder) {
          bytes += chunk.length
          yield chunk
        }
      } finally {
        decoder.destroy()
      }
      await feeding
      // Each costs a decoder, however little it holds.
      if (++frames - bytes / ZSTD_FRAME_BYTES > ZSTD_SMALL_FRAMES)
        throw new Error(
          `more than ZSTD_SMALL_FRAMES, ${ZSTD_SMALL_FRAMES}, frames of less than ${ZSTD_FRAME_BYTES} bytes`,
        )
    }
  } finally {
    await iterator.return?.()
  }
}

interface Input {
  fill(): Promise<boolean>
  take(): Uint8Array
  leave(rest: Uint8Array): void
}

/** Writes one chunk after the other until the frame ends; what the decoder did not take is left for the next frame. */
async function feed(decoder: ReturnType<typeof createZstdDecompress>, input: Input): Promise<void> {
  const closed = new Promise<void>((resolve) => void decoder.once('close', resolve).once('end', resolve))
  // Its reader hears of it.
  decoder.on('error', () => {})
  for (let written = 0; ; ) {
    let more: boolean
    try {
      more = await input.fill()
    } catch (error) {
      decoder.destroy(
        error instanceof Error ? error : new Error('the source of a zstd stream failed', { cause: error }),
      )
      throw error
    }
    if (!more) {
      decoder.end()
      return
    }
    const chunk = input.take()
    const done = new Promise<void>((resolve) => void decoder.write(chunk, () => resolve()))
    await Promise.race([done, closed])
    const taken = decoder.bytesWritten - written
    if (taken < chunk.length) {
      input.leave(chunk.subarray(taken))
      return
    }
    written += chunk.length
    input.leave(chunk.subarray(chunk.length))
  }
}
