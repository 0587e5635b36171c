import { spawn } from 'node:child_process'
import { errnoOf, run } from '@holotype/base'
import { fail } from '../errors.ts'
import { XZ_DICTIONARY_BYTES } from '../limits.ts'

/** xz's preset for what is published: more costs ten times the memory for a hundredth of the size. */
const PRESET = 6
const COMPRESS = ['--compress', '--stdout', '--threads=1', '--check=crc64'] as const

type Chunks = AsyncIterable<Uint8Array>

/**
 * Decompresses an xz stream with back pressure. Errors of the decoder come as they are: the caller knows what they mean.
 * The library runs its decoder on a thread of its own; where its binary is missing for a machine, the xz program does the same work.
 * @throws PACKAGE_TOO_LARGE if the stream asks for too large a dictionary, COMPRESSION_UNAVAILABLE
 */
export async function* unxz(source: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  const loaded = await loadXz()
  yield* loaded ? unxzWithLibrary(loaded, guardDictionary(source)) : unxzWithProgram(guardDictionary(source))
}

/** One xz stream of bytes held in memory. @param preset 0 to 9 */
export async function xz(bytes: Uint8Array, preset = PRESET): Promise<Buffer> {
  const loaded = await loadXz()
  if (!loaded) {
    const { stdout } = await run(['xz', ...COMPRESS, `-${preset}`], {
      input: bytes,
      maxOutputBytes: bytes.length + 1024 * 1024,
    })
    return stdout
  }
  const compressor = new loaded.Compressor({ preset })
  return Buffer.concat([compressor.update(bytes), await compressor.finish()])
}

/**
 * One xz stream of what comes from `source`, with back pressure.
 * @param preset 0 to 9. @throws COMPRESSION_UNAVAILABLE
 */
export async function* xzStream(source: Chunks, preset = PRESET): AsyncGenerator<Uint8Array, void, undefined> {
  const loaded = await loadXz()
  if (loaded) yield* throughLibrary((input) => loaded.compressStream(input, { preset }), source)
  else yield* throughProgram([...COMPRESS, `-${preset}`], source)
}

type Library = typeof import('@napi-rs/lzma/xz')

let library: Promise<Library | undefined> | undefined

/** Loaded at first use: what only compares versions or reads installed databases starts without it. */
export function loadXz(): Promise<Library | undefined> {
  library ??= import('@napi-rs/lzma/xz').catch(() => undefined)
  return library
}

/** Exported for its test. */
export function unxzWithLibrary(
  { decompressStream }: Library,
  source: Chunks,
): AsyncGenerator<Uint8Array, void, undefined> {
  return throughLibrary(decompressStream, source)
}

async function* throughLibrary(
  coder: (input: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>,
  source: Chunks,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let sourceError: unknown
  const input = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await iterator.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      } catch (error) {
        sourceError = error
        controller.error(error)
      }
    },
    async cancel() {
      await iterator.return?.()
    },
  })
  const reader = coder(input).getReader()
  let ended = false
  try {
    for (;;) {
      const next = await reader.read().catch((error: unknown) => {
        ended = true
        // The library rewraps what its source threw.
        throw sourceError ?? error
      })
      if (next.done) break
      yield next.value
    }
    ended = true
  } finally {
    if (!ended) await reader.cancel().catch(() => {})
    await iterator.return?.()
  }
}

/** Exported for its test. */
export function unxzWithProgram(source: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  return throughProgram(['--decompress', '--stdout', '--threads=1', '--quiet'], source)
}

async function* throughProgram(
  options: readonly string[],
  source: Chunks,
): AsyncGenerator<Uint8Array, void, undefined> {
  // `run` of base keeps a program's whole output; this one must stream.
  const child = spawn('xz', options, {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let sourceError: unknown
  const ended = new Promise<string | undefined>((resolve, reject) => {
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString()
    })
    child.on('error', (error) =>
      reject(
        errnoOf(error) === 'ENOENT'
          ? fail('COMPRESSION_UNAVAILABLE', { what: 'there is nothing that knows xz', cause: error })
          : error,
      ),
    )
    child.on('close', (code) => resolve(code === 0 ? undefined : stderr.trim() || `xz ended with ${code}`))
  })
  ended.catch(() => {})
  // Its exit tells what went wrong, not our broken pipe.
  child.stdin.on('error', () => {})
  const feeding = feed(source, child.stdin).catch((error: unknown) => {
    sourceError = error
    child.kill('SIGKILL')
  })
  try {
    for await (const chunk of child.stdout) yield chunk
    await feeding
    if (sourceError !== undefined)
      throw sourceError instanceof Error
        ? sourceError
        : new Error('the source of an xz stream failed', { cause: sourceError })
    const complaint = await ended
    if (complaint !== undefined) throw new Error(complaint)
  } finally {
    child.kill('SIGKILL')
  }
}

async function feed(source: Chunks, sink: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of source) {
    if (!sink.writable) return
    if (!sink.write(chunk))
      await new Promise<void>((resolve) => {
        const go = () => {
          sink.off('drain', go)
          sink.off('close', go)
          resolve()
        }
        sink.on('drain', go)
        sink.on('close', go)
      })
  }
  sink.end()
}

const STREAM_HEADER_BYTES = 12
const LZMA2_FILTER = 0x21

/**
 * Refuses a stream whose first block asks for a dictionary over the limit (xz file format 1.2.1, §3.1 and §5.3.1). Later blocks may ask
 * for more, but a decoder touches no more of a dictionary than it has decoded, and that is bounded by whoever counts the output.
 */
async function* guardDictionary(source: Chunks): Chunks & AsyncGenerator<Uint8Array, void, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of source) {
    if (head) {
      head = Buffer.concat([head, chunk])
      const headerSize = head[STREAM_HEADER_BYTES]
      if (headerSize !== undefined && head.length >= STREAM_HEADER_BYTES + (headerSize + 1) * 4) {
        checkDictionary(head)
        yield head
        head = undefined
      }
    } else yield chunk
  }
  if (head && head.length > 0) yield head
}

function checkDictionary(head: Buffer): void {
  const flags = head[STREAM_HEADER_BYTES + 1] ?? 0
  let at = STREAM_HEADER_BYTES + 2
  const skipInteger = () => {
    while ((head[at] ?? 0) & 0x80) at++
    at++
  }
  if (flags & 0x40) skipInteger()
  if (flags & 0x80) skipInteger()
  for (let filters = (flags & 0x03) + 1; filters > 0; filters--) {
    const id = head[at] ?? 0
    skipInteger()
    const properties = head[at] ?? 0
    skipInteger()
    if (id === LZMA2_FILTER) {
      const bits = (head[at] ?? 0) & 0x3f
      const bytes = bits >= 40 ? 2 ** 32 : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11)
      if (bytes > XZ_DICTIONARY_BYTES)
        throw fail('PACKAGE_TOO_LARGE', {
          what: `an xz stream asks for a dictionary of ${bytes} bytes; XZ_DICTIONARY_BYTES is ${XZ_DICTIONARY_BYTES}`,
        })
    }
    at += properties
  }
}
