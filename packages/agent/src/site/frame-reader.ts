import { createZstdDecompress } from 'node:zlib'
import type { Digest } from '@holotype/base'
import type { PackFrame } from '@holotype/store'
import { OBJECT_IN_MEMORY_BYTES, ZSTD_PIECE_BYTES } from '../limits.ts'
import { free, reclaim } from '../memory.ts'
import { type RangeSink, WrongBytes } from './site.ts'

/** Takes the objects that come out of frames. */
export interface ObjectSink {
  wants(digest: Digest): boolean
  /** A whole object. @throws WrongBytes, DISK_FULL */
  put(digest: Digest, bytes: Buffer): void
  /** An object in pieces. */
  begin(digest: Digest): ObjectWriter
}

export interface ObjectWriter {
  write(bytes: Buffer): void
  /** @throws WrongBytes */
  end(): void
  abort(): void
}

/**
 * Reads frames (of one pack, by offset, gaps allowed) from their compressed bytes. They are decompressed on a thread of the runtime's pool, while this
 * one hashes and writes what another range brings. A broken-off body goes on within a frame; wrong bytes begin the frame anew.
 */
export function frameReader(frames: readonly PackFrame[], sink: ObjectSink): RangeSink & { close(): void } {
  let index = 0
  let at = frames[0]?.offset ?? 0
  // One for all frames: a new one for each would be more garbage than the pack.
  let zstd: Decompressor | undefined
  let objects: ReturnType<typeof objectSplitter> | undefined

  const restart = () => {
    at = frames[index]?.offset ?? at
    objects?.abort()
    objects = undefined
    zstd?.close()
    zstd = undefined
  }
  const feedFrame = async (frame: PackFrame, chunk: Buffer) => {
    zstd ??= decompressor()
    objects ??= objectSplitter(frame, sink)
    await zstd.write(chunk, objects.write)
    at += chunk.length
    if (at < frame.offset + frame.length) return
    objects.end()
    objects = undefined
    index += 1
    if (frame.size <= OBJECT_IN_MEMORY_BYTES) return
    // It keeps a window as large as that frame's.
    zstd.close()
    zstd = undefined
  }
  return {
    position: () => at,
    close: restart,
    async feed(chunk) {
      let rest = chunk
      try {
        while (rest.length > 0) {
          const frame = frames[index]
          if (!frame) return
          if (at < frame.offset) {
            const skipped = Math.min(rest.length, frame.offset - at)
            at += skipped
            rest = rest.subarray(skipped)
            continue
          }
          const part = rest.subarray(0, frame.offset + frame.length - at)
          rest = rest.subarray(part.length)
          await feedFrame(frame, part)
        }
        reclaim(chunk)
      } catch (error) {
        restart()
        throw error
      }
    },
  }
}

interface Decompressor {
  /** Takes bytes of one frame; what they are when decompressed has been taken when it is done. @throws WrongBytes, and what `take` throws */
  write(chunk: Buffer, take: (bytes: Buffer) => void): Promise<void>
  close(): void
}

function decompressor(): Decompressor {
  const zstd = createZstdDecompress({ chunkSize: ZSTD_PIECE_BYTES })
  let failure: Error | undefined
  let take: (bytes: Buffer) => void
  let filling: Buffer | undefined
  const broken = (error: unknown) => {
    failure ??= error instanceof Error ? error : new Error(String(error))
    zstd.destroy()
  }
  zstd.on('error', (error) => broken(new WrongBytes('a frame does not decompress', { cause: error })))
  zstd.on('end', () => broken(new WrongBytes('a frame ends before its length')))
  zstd.on('data', (bytes: Buffer) => {
    // Pieces are parts of one buffer until that is full.
    if (filling && filling.buffer !== bytes.buffer) free(filling)
    filling = bytes
    try {
      take(bytes)
    } catch (error) {
      broken(error)
    }
  })
  return {
    write: (chunk, into) =>
      new Promise((resolve, reject) => {
        const done = () => {
          zstd.off('close', done)
          if (failure) reject(failure)
          else resolve()
        }
        if (failure) return done()
        take = into
        zstd.once('close', done)
        // The callback comes when zlib has taken the chunk and what came of it was handed on: bounds what is in memory.
        zstd.write(chunk, done)
      }),
    close() {
      failure ??= new Error('given up')
      zstd.destroy()
    },
  }
}

/** Cuts a frame's bytes into its objects. */
function objectSplitter(frame: PackFrame, sink: ObjectSink) {
  let index = -1
  let left = 0
  let writer: ObjectWriter | undefined
  const advance = () => {
    while (left === 0) {
      writer?.end()
      writer = undefined
      const object = frame.objects[++index]
      if (!object) return false
      left = object.size
      if (sink.wants(object.digest))
        writer = left <= OBJECT_IN_MEMORY_BYTES ? gathering(object, sink) : sink.begin(object.digest)
    }
    return true
  }
  return {
    write(chunk: Buffer): void {
      let rest = chunk
      while (rest.length > 0) {
        if (!advance()) throw new WrongBytes('a frame is larger than its index says')
        const part = rest.subarray(0, left)
        writer?.write(part)
        left -= part.length
        rest = rest.subarray(part.length)
      }
    },
    end(): void {
      if (left > 0 || advance()) throw new WrongBytes('a frame is smaller than its index says')
    },
    abort: () => writer?.abort(),
  }
}

/** Hands an object on as a whole, also when it comes in pieces. */
function gathering({ digest, size }: PackFrame['objects'][number], sink: ObjectSink): ObjectWriter {
  let whole: Buffer | undefined
  let filled = 0
  return {
    write(bytes) {
      if (bytes.length === size) return sink.put(digest, bytes)
      whole ??= Buffer.allocUnsafeSlow(size)
      filled += bytes.copy(whole, filled)
      if (filled < size) return
      sink.put(digest, whole)
      free(whole)
    },
    end() {
      if (size === 0) sink.put(digest, Buffer.alloc(0))
    },
    abort() {},
  }
}
