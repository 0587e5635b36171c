import { createHash, hash } from 'node:crypto'
import { fail } from '../errors.ts'
import type { PayloadToWrite } from '../types.ts'

/** A file's content that is streamed when its turn comes. */
export interface Source {
  /** What it is called when something is wrong with it. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly open: () => AsyncIterable<Uint8Array>
}

/** A piece of an archive. */
export type Part = Uint8Array | Source

/** Bytes that an encoder is handed at once, however its sources are cut: the same content gives the same compressed bytes. */
const CHUNK_BYTES = 256 * 1024

/** A payload member whose content is in memory. */
export type InMemory = PayloadToWrite & { readonly open?: never }

/** The content of a payload member; of what is no file none. */
export function contentParts(member: InMemory): Uint8Array[]
export function contentParts(member: PayloadToWrite): Part[]
export function contentParts({ path, type, size, bytes, open }: PayloadToWrite): Part[] {
  if (type !== 'file') return []
  if (open) return [{ path, size, open }]
  return bytes && bytes.length > 0 ? [bytes] : []
}

/** What is wrong with how a file's content is given. */
export function contentFault({ type, size, bytes, open }: PayloadToWrite): string | undefined {
  if (type !== 'file') return undefined
  if (bytes && open) return 'its content is given twice, as bytes and as a stream'
  if (!open && (bytes?.length ?? 0) !== size) return `its size is ${size}, its bytes are ${bytes?.length ?? 0}`
  return undefined
}

/** Bytes of these parts together. */
export function partsSize(parts: Iterable<Part>): number {
  let size = 0
  for (const part of parts) size += part instanceof Uint8Array ? part.length : part.size
  return size
}

/**
 * The bytes of these parts in chunks of CHUNK_BYTES, one source being open at a time. The chunks are one buffer filled again and again: new ones
 * would add up to 64 MiB before they were collected.
 * @throws PACKAGE_UNWRITABLE for a source of another size than it says, and what sources throw
 */
export async function* gathered(parts: Iterable<Part>): AsyncGenerator<Buffer, void, undefined> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let filled = 0
  function* cut(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, CHUNK_BYTES - filled)
      chunk.set(bytes.subarray(at, at + taken), filled)
      at += taken
      filled += taken
      if (filled < CHUNK_BYTES) continue
      yield chunk
      filled = 0
    }
  }
  for (const part of parts) {
    if (part instanceof Uint8Array) yield* cut(part)
    else for await (const bytes of bytesOf(part)) yield* cut(bytes)
  }
  if (filled > 0) yield chunk.subarray(0, filled)
}

/** What a source gives, held to the size it says: an archive's header has told it already. */
async function* bytesOf({ path, size, open }: Source): AsyncGenerator<Uint8Array, void, undefined> {
  let given = 0
  for await (const bytes of open()) {
    given += bytes.length
    if (given > size) throw unwritable(path, `its size is ${size}, its content is longer`)
    yield bytes
  }
  if (given < size) throw unwritable(path, `its size is ${size}, its content ends after ${given} bytes`)
}

/** Digests of a file's content, in hex. */
export interface ContentDigests {
  readonly sha256: string
  readonly md5?: string
}

/** A member and, of a file, the digests of its content. */
export interface DigestedMember {
  readonly member: PayloadToWrite
  readonly digests?: ContentDigests
}

/**
 * Digests of a file that stand in an archive before its content does, and the member with a content that must be the same when it is read
 * again: in between another program may have written to it.
 * @throws PACKAGE_UNWRITABLE, and what its source throws
 */
export async function digested(member: PayloadToWrite, { md5: wantsMd5 = false } = {}): Promise<DigestedMember> {
  const { path, type, size, bytes, open } = member
  if (type !== 'file') return { member }
  if (!open) {
    const content = bytes ?? Buffer.alloc(0)
    const sha256 = hash('sha256', content, 'hex')
    return { member, digests: wantsMd5 ? { sha256, md5: hash('md5', content, 'hex') } : { sha256 } }
  }
  const sha256 = createHash('sha256')
  const md5 = wantsMd5 ? createHash('md5') : undefined
  for await (const chunk of bytesOf({ path, size, open })) {
    sha256.update(chunk)
    md5?.update(chunk)
  }
  const digest = sha256.digest('hex')
  const again = async function* () {
    const second = createHash('sha256')
    for await (const chunk of open()) {
      second.update(chunk)
      yield chunk
    }
    if (second.digest('hex') !== digest) throw unwritable(path, 'its content changed while it was packed')
  }
  return { member: { ...member, open: again }, digests: { sha256: digest, ...(md5 ? { md5: md5.digest('hex') } : {}) } }
}

/** The same chunks, each shown to `note` as it goes by. */
export async function* noting(
  chunks: AsyncIterable<Uint8Array>,
  note: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    note(chunk)
    yield chunk
  }
}

function unwritable(path: string, what: string): Error {
  return fail('PACKAGE_UNWRITABLE', { what: `${JSON.stringify(path)}: ${what}` })
}
