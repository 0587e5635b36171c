import { fail } from '../errors.ts'
import { PATH_BYTES } from '../limits.ts'

/** A member of a cpio archive: by name (newc) or, in rpm's stripped form for large files, by its index in the header. */
export interface CpioMember {
  readonly name?: string
  readonly index?: number
  /** Bytes of content; of the stripped form, which does not say, undefined. */
  readonly size?: number
}

export interface CpioReader {
  /** The next member, undefined at the trailer. What was left of the one before is passed over. */
  next(): Promise<CpioMember | undefined>
  /** The content of the member that was read last, `size` bytes of it. */
  content(size: number): AsyncIterable<Buffer>
  /** Reads to the end of the stream: only there does a decoder check what it gave out. */
  finish(): Promise<void>
  close(): Promise<void>
}

const NEWC_BYTES = 110
const STRIPPED_BYTES = 14
/** Bytes that may follow the trailer: cpio pads to its record size. */
const TRAILING_BYTES = 1024 * 1024

/**
 * Reads the cpio of an rpm payload by streaming: newc (070701, 070702) and rpm's own stripped headers (07070X; rpm's manual, "Large Files").
 * @throws PACKAGE_MALFORMED, and what `source` throws
 */
export function readCpio(source: AsyncIterable<Uint8Array>): CpioReader {
  const bytes = byteReader(source)
  let left = 0

  async function skip(count: number): Promise<void> {
    for (let rest = count; rest > 0; ) rest -= (await bytes.some(rest)).length
  }
  async function align(): Promise<void> {
    await skip((4 - (bytes.position() % 4)) % 4)
  }

  async function next(): Promise<CpioMember | undefined> {
    await skip(left)
    left = 0
    await align()
    const magic = (await bytes.exactly(6)).toString('latin1')
    if (magic === '07070X') {
      const index = hex(await bytes.exactly(STRIPPED_BYTES - 6), 0, bytes.position())
      await align()
      return { index }
    }
    if (magic !== '070701' && magic !== '070702')
      throw malformed(`no member starts at byte ${bytes.position() - 6}; expected 070701, 070702 or 07070X`)
    const fields = await bytes.exactly(NEWC_BYTES - 6)
    const size = hex(fields, 6, bytes.position())
    const nameBytes = hex(fields, 11, bytes.position())
    if (nameBytes === 0 || nameBytes > PATH_BYTES + 1) throw malformed(`a name has ${nameBytes} bytes`)
    const raw = await bytes.exactly(nameBytes)
    if (raw.at(-1) !== 0) throw malformed('a name does not end with a NUL')
    await align()
    const name = raw.toString('utf8', 0, nameBytes - 1)
    if (name === 'TRAILER!!!') return undefined
    left = size
    return { name, size }
  }

  return {
    next,
    content(size) {
      left = size
      const take = async (): Promise<IteratorResult<Buffer, undefined>> => {
        if (left === 0) return { done: true, value: undefined }
        const chunk = await bytes.some(left)
        left -= chunk.length
        return { done: false, value: chunk }
      }
      return { [Symbol.asyncIterator]: () => ({ next: take }) }
    },
    async finish() {
      for (let trailing = 0, part = await bytes.any(); part; part = await bytes.any()) {
        trailing += part.length
        if (trailing > TRAILING_BYTES)
          throw malformed(`more than TRAILING_BYTES, ${TRAILING_BYTES} bytes follow the trailer`)
      }
    },
    close: bytes.close,
  }
}

function hex(fields: Buffer, field: number, position: number): number {
  let value = 0
  for (let at = field * 8; at < field * 8 + 8; at++) {
    const code = fields[at] ?? 0
    const digit = code >= 48 && code <= 57 ? code - 48 : (code | 32) >= 97 && (code | 32) <= 102 ? (code | 32) - 87 : -1
    if (digit < 0) throw malformed(`a header before byte ${position} holds no hexadecimal number`)
    value = value * 16 + digit
  }
  return value
}

interface ByteReader {
  exactly(length: number): Promise<Buffer>
  /** Between 1 and `limit` bytes. */
  some(limit: number): Promise<Buffer>
  any(): Promise<Buffer | undefined>
  position(): number
  close(): Promise<void>
}

function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let chunk: Buffer = Buffer.alloc(0)
  let position = 0
  async function fill(): Promise<boolean> {
    while (chunk.length === 0) {
      const next = await iterator.next()
      if (next.done) return false
      chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    return true
  }
  async function some(limit: number): Promise<Buffer> {
    if (chunk.length === 0 && !(await fill()))
      throw malformed(`the archive ends at byte ${position}, before its trailer`)
    const part = chunk.subarray(0, limit)
    chunk = chunk.subarray(part.length)
    position += part.length
    return part
  }
  return {
    some,
    any: async () => ((await fill()) ? some(chunk.length) : undefined),
    async exactly(length) {
      const parts: Buffer[] = []
      for (let rest = length; rest > 0; ) {
        const part = await some(rest)
        parts.push(part)
        rest -= part.length
      }
      return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
    },
    position: () => position,
    close: async () => void (await iterator.return?.()),
  }
}

/** A newc header with its name, padded; rpm's paths have `./` in front. `fields`: ino mode uid gid nlink mtime filesize devmajor … in order. */
export function cpioHeader(name: string, fields: readonly number[]): Buffer {
  const raw = Buffer.from(`${name}\0`)
  const [ino = 0, mode = 0, nlink = 1, mtime = 0, size = 0, major = 0, minor = 0] = fields
  const numbers = [ino, mode, 0, 0, nlink, mtime, size, 0, 0, major, minor, raw.length, 0]
  const head = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`)
  return Buffer.concat([head, raw, cpioPadding(head.length + raw.length)])
}

/** rpm's stripped header: the index of the file in the package's header. */
export function strippedHeader(index: number): Buffer {
  return Buffer.from(`07070X${index.toString(16).padStart(8, '0')}\0\0`, 'latin1')
}

export function cpioPadding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4)
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what: `cpio: ${what}` })
}
