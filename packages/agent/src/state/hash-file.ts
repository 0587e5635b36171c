import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { type Digest, digester, digestOf } from '@holotype/base'
import { CHUNK_BYTES } from '../limits.ts'
import { pass } from '../throttle/this-process.ts'

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

let buffer: Buffer | undefined

/** The digest of a regular file, never following a symlink at its end. Throws the system's error. */
export function hashFile(path: string): Digest {
  return readThrough(path, () => {}).digest
}

/** Reads a regular file in pieces, handing each on, and gives its digest and the stat of what was read. The piece is valid during the call. */
export function readThrough(
  path: string,
  onChunk: (chunk: Buffer) => void,
): { readonly digest: Digest; readonly stat: Stats } {
  const file = openSync(path, FLAGS)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new Error(`${path} is no regular file`)
    buffer ??= Buffer.allocUnsafeSlow(CHUNK_BYTES)
    const first = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, null))
    onChunk(first)
    pass('read', first.length)
    if (first.length < buffer.length && first.length === stat.size) return { digest: digestOf(first), stat }
    const running = digester()
    running.update(first)
    for (;;) {
      const chunk = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, null))
      if (chunk.length === 0) return { digest: running.digest(), stat }
      running.update(chunk)
      onChunk(chunk)
      pass('read', chunk.length)
    }
  } finally {
    closeSync(file)
  }
}

/** A regular file in pieces that stay valid, for who takes them at a later turn. */
export function* readPieces(path: string, bytes: number): Generator<Buffer> {
  const file = openSync(path, FLAGS)
  try {
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(bytes)
      const count = readSync(file, piece, 0, bytes, null)
      if (count === 0) return
      pass('read', count)
      yield piece.subarray(0, count)
    }
  } finally {
    closeSync(file)
  }
}

/** Reads a stretch of a regular file that is as large as it should be. False when it is not, or cannot be read. */
export function readPiece(
  path: string,
  { size, offset, length }: { readonly size: number; readonly offset: number; readonly length: number },
  into: Buffer,
): boolean {
  try {
    const file = openSync(path, FLAGS)
    try {
      const stat = fstatSync(file)
      if (!stat.isFile() || stat.size !== size) return false
      for (let at = 0; at < length; ) {
        const count = readSync(file, into, at, length - at, offset + at)
        if (count === 0) return false
        at += count
        pass('read', count)
      }
      return true
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}

/** The bytes of a regular file; undefined when there is none, it cannot be read, or it is longer than this. */
export function readSmall(path: string, maxBytes: number): Buffer | undefined {
  try {
    const { size } = lstatSync(path)
    const bytes = Buffer.allocUnsafe(Math.min(size, maxBytes))
    return readPiece(path, { size: bytes.length, offset: 0, length: bytes.length }, bytes) ? bytes : undefined
  } catch {
    return undefined
  }
}
