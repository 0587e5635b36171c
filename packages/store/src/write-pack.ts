import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import type { Digest } from '@holotype/base'
import { fail } from './errors.ts'
import { FRAME_BYTES, FRAME_TARGET_BYTES, FRAMES_IN_FLIGHT, FRAMES_IN_FLIGHT_BYTES, PACK_LEVEL } from './limits.ts'
import type { PackFrame, PackIndex, Store, WrittenPack } from './types.ts'

const compress = promisify(zstdCompress)

interface RawFrame {
  readonly size: number
  readonly objects: PackFrame['objects']
}

/**
 * Packs objects of a store, in the order given (path order compresses best), each digest once: writes the pack and its
 * {@link PackIndex} as two objects of `target` (a site's store, or the same store). Small objects share a frame, a large one has its
 * own. Same objects in the same order, same bytes, for one version of zstd. Frames are compressed on all cores.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, PACK_OBJECT_TOO_LARGE, DISK_FULL
 */
export async function writePack(store: Store, digests: Iterable<Digest>, target: Store): Promise<WrittenPack> {
  const frames: PackFrame[] = []
  let raw = 0
  let objects = 0
  async function* bytes(): AsyncGenerator<Buffer> {
    let offset = 0
    for await (const { frame, compressed } of compressFrames(store, gather(store, digests))) {
      frames.push({ offset, length: compressed.length, size: frame.size, objects: frame.objects })
      offset += compressed.length
      raw += frame.size
      objects += frame.objects.length
      yield compressed
    }
  }
  const pack = await target.putStream(bytes())
  const described = { schema: 'holotype.pack/1', pack: pack.digest, size: pack.size, frames } satisfies PackIndex
  const index = target.putJson(described)
  return { index, indexSize: target.sizeOf(index), pack: pack.digest, size: pack.size, objects, raw }
}

/** Which objects go into which frame: by size alone, so nothing is read yet. */
function* gather(store: Store, digests: Iterable<Digest>): Generator<RawFrame> {
  const seen = new Set<Digest>()
  let objects: { digest: Digest; size: number }[] = []
  let size = 0
  for (const digest of digests) {
    if (seen.has(digest)) continue
    seen.add(digest)
    const bytes = store.sizeOf(digest)
    if (bytes > FRAME_BYTES)
      throw fail('PACK_OBJECT_TOO_LARGE', { what: `${digest} has ${bytes} bytes, a pack frame at most ${FRAME_BYTES}` })
    if (bytes >= FRAME_TARGET_BYTES) {
      // The small ones gathered so far stay together, across the large one.
      yield { size: bytes, objects: [{ digest, size: bytes }] }
      continue
    }
    if (size + bytes > FRAME_TARGET_BYTES) {
      yield { size, objects }
      objects = []
      size = 0
    }
    objects.push({ digest, size: bytes })
    size += bytes
  }
  if (objects.length > 0) yield { size, objects }
}

/** Compresses several frames at a time in zlib's thread pool and gives them back in order. */
async function* compressFrames(
  store: Store,
  frames: Iterable<RawFrame>,
): AsyncGenerator<{ readonly frame: RawFrame; readonly compressed: Buffer }> {
  const flight: { readonly frame: RawFrame; readonly result: Promise<Buffer> }[] = []
  let inFlight = 0
  try {
    for (const frame of frames) {
      while (
        flight.length >= FRAMES_IN_FLIGHT ||
        (flight.length > 0 && inFlight + frame.size > FRAMES_IN_FLIGHT_BYTES)
      ) {
        const done = flight.shift()
        if (!done) break
        yield { frame: done.frame, compressed: await done.result }
        inFlight -= done.frame.size
      }
      const raw = Buffer.concat(frame.objects.map(({ digest }) => store.read(digest)))
      if (raw.length !== frame.size)
        throw fail('OBJECT_CORRUPT', { what: 'an object changed its size while it was packed' })
      const params = { [constants.ZSTD_c_compressionLevel]: PACK_LEVEL }
      flight.push({ frame, result: compress(raw, { params }) })
      inFlight += frame.size
    }
    for (const done of flight) yield { frame: done.frame, compressed: await done.result }
  } finally {
    // On an error elsewhere, what is still being compressed must not become an unhandled rejection.
    await Promise.allSettled(flight.map(({ result }) => result))
  }
}
