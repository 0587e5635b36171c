import { createZstdDecompress, type ZstdDecompress, zstdDecompressSync } from 'node:zlib'
import type { Digest } from '@holotype/base'
import type { PackFrame } from '@holotype/store'
import { FRAME_IN_MEMORY_BYTES } from '../limits.ts'
import { free, reclaim, served } from '../memory.ts'
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
 * Reads frames (of one pack, by offset, gaps allowed) from their compressed bytes. Small frames are handled in memory, one call each;
 * large ones (a frame holds a file of any size) as a stream. A broken-off body goes on within a frame; wrong bytes begin the frame anew.
 */
export function frameReader(frames: readonly PackFrame[], sink: ObjectSink): RangeSink & { close(): void } {
  let index = 0
  let at = frames[0]?.offset ?? 0
  // One buffer for all frames: a new one each would be garbage of the size of the pack.
  const compressed = Buffer.allocUnsafeSlow(Math.max(0, ...frames.filter(isSmall).map(({ length }) => length)))
  let stream: FrameStream | undefined

  const restart = () => {
    at = frames[index]?.offset ?? at
    stream?.abort()
    stream = undefined
  }
  const feedFrame = async (frame: PackFrame, chunk: Buffer) => {
    const last = at + chunk.length === frame.offset + frame.length
    if (isSmall(frame)) {
      chunk.copy(compressed, at - frame.offset)
      if (last) openSmall(frame, compressed.subarray(0, frame.length), sink)
    } else {
      stream ??= frameStream(frame, sink)
      await stream.write(chunk)
      if (last) await stream.end()
    }
    at += chunk.length
    if (!last) return
    index += 1
    stream = undefined
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

function isSmall(frame: PackFrame): boolean {
  return frame.size <= FRAME_IN_MEMORY_BYTES && frame.length <= FRAME_IN_MEMORY_BYTES
}

function openSmall(frame: PackFrame, compressed: Buffer, sink: ObjectSink): void {
  const bytes = decompress(frame, compressed)
  let at = 0
  for (const { digest, size } of frame.objects) {
    if (sink.wants(digest)) sink.put(digest, bytes.subarray(at, at + size))
    at += size
  }
  free(bytes)
}

function decompress(frame: PackFrame, compressed: Buffer): Buffer {
  try {
    // One piece that holds all, with a little left so that zlib sees the end: the default pieces would be joined by a copy.
    const chunkSize = frame.size + 64
    const bytes = zstdDecompressSync(compressed, { chunkSize, maxOutputLength: chunkSize })
    if (bytes.length === frame.size) return bytes
  } catch (error) {
    throw new WrongBytes('a frame does not decompress', { cause: error })
  }
  throw new WrongBytes('a frame has another size than its index says')
}

interface FrameStream {
  write(chunk: Buffer): Promise<void>
  end(): Promise<void>
  abort(): void
}

function frameStream(frame: PackFrame, sink: ObjectSink): FrameStream {
  const zstd = createZstdDecompress({ chunkSize: 256 * 1024 })
  const splitter = objectSplitter(frame, sink)
  let failure: Error | undefined
  const broken = (error: unknown) => {
    failure ??= error instanceof Error ? error : new Error(String(error))
    zstd.destroy()
  }
  zstd.on('error', (error) => broken(new WrongBytes('a frame does not decompress', { cause: error })))
  zstd.on('data', (chunk: Buffer) => {
    try {
      splitter.write(chunk)
      served(chunk.length)
    } catch (error) {
      broken(error)
    }
  })
  const settled = (action: (done: () => void) => void) =>
    new Promise<void>((resolve, reject) => {
      const done = () => {
        zstd.off('close', done)
        if (failure) reject(failure)
        else resolve()
      }
      if (failure) return done()
      zstd.once('close', done)
      action(done)
    })
  return {
    // The callback comes when zlib has taken the chunk and what came of it was handed on: bounds what is in memory.
    write: (chunk) => settled((done) => writeTo(zstd, chunk, done)),
    end: async () => {
      await settled((done) => {
        zstd.once('end', done)
        zstd.end()
      })
      splitter.end()
    },
    abort: () => {
      failure ??= new Error('given up')
      splitter.abort()
      zstd.destroy()
    },
  }
}

function writeTo(zstd: ZstdDecompress, chunk: Buffer, done: () => void): void {
  zstd.write(chunk, () => done())
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
      writer = sink.wants(object.digest) ? sink.begin(object.digest) : undefined
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
