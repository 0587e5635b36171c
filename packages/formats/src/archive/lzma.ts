import { fail } from '../errors.ts'
import { XZ_DICTIONARY_BYTES } from '../limits.ts'
import { unxzWithLibrary, unxzWithProgram } from './xz.ts'

type Chunks = AsyncIterable<Uint8Array>

const HEADER_BYTES = 13

/**
 * Decompresses a stream of the old form that precedes xz (`.lzma`, "LZMA_Alone": properties, dictionary size, length), by the library or,
 * where its binary is missing, by the xz program, which tells the form by itself.
 * @throws PACKAGE_TOO_LARGE if the stream asks for too large a dictionary, COMPRESSION_UNAVAILABLE
 */
export async function* unlzma(source: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  library ??= import('@napi-rs/lzma/lzma').catch(() => undefined)
  const loaded = await library
  yield* loaded ? unxzWithLibrary(loaded, guardDictionary(source)) : unxzWithProgram(guardDictionary(source))
}

let library: Promise<typeof import('@napi-rs/lzma/lzma') | undefined> | undefined

/** The dictionary's size stands in bytes 1 to 4. */
async function* guardDictionary(source: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of source) {
    if (!head) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < HEADER_BYTES) continue
    const bytes = head.readUInt32LE(1)
    if (bytes > XZ_DICTIONARY_BYTES)
      throw fail('PACKAGE_TOO_LARGE', {
        what: `an lzma stream asks for a dictionary of ${bytes} bytes; XZ_DICTIONARY_BYTES is ${XZ_DICTIONARY_BYTES}`,
      })
    yield head
    head = undefined
  }
  if (head && head.length > 0) yield head
}
