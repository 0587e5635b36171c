import { BYTECODE_DEPTH, BYTECODE_OBJECTS } from '../limits.ts'
import type { Plugin } from './types.ts'

const HEADER_BYTES = 16
/** The magic numbers' ranges of Python's minor versions (CPython, Include/internal/pycore_magic_number.h). */
const VERSIONS = [
  ['3.7', 3390, 3399],
  ['3.8', 3400, 3419],
  ['3.9', 3420, 3429],
  ['3.10', 3430, 3449],
  ['3.11', 3450, 3499],
  ['3.12', 3500, 3549],
  ['3.13', 3550, 3599],
  ['3.14', 3600, 3649],
] as const

/** Python bytecode: which Python it is for, how it is tied to its source, and the names it uses. The source's time is no difference. */
export const pythonBytecode: Plugin = {
  name: 'python bytecode',
  wants: (path, head) =>
    path.endsWith('.pyc') && head.length >= HEADER_BYTES && head.toString('latin1', 2, 4) === '\r\n',
  describe(bytes) {
    const magic = bytes.readUInt16LE(0)
    const python = VERSIONS.find(([, first, last]) => magic >= first && magic <= last)?.[0] ?? `magic ${magic}`
    const flags = bytes.readUInt32LE(4)
    const source = flags & 1 ? `hash ${bytes.toString('hex', 8, 16)}` : `${bytes.readUInt32LE(12)} bytes`
    const isRead = python === '3.11' || python === '3.12' || python === '3.13'
    return { facts: { python, source, names: isRead ? [...namesOf(bytes.subarray(HEADER_BYTES))].sort() : [] } }
  },
}

/** Every short identifier of the marshalled code objects, as CPython 3.11 to 3.13 writes them (Python/marshal.c). */
function namesOf(bytes: Buffer): ReadonlySet<string> {
  const names = new Set<string>()
  let at = 0
  let objects = 0
  const long = () => bytes.readInt32LE((at += 4) - 4)
  const skip = (length: number) => {
    if (length < 0 || at + length > bytes.length) throw new Error('cut short')
    at += length
  }
  const text = (length: number) => {
    skip(length)
    const word = bytes.toString('latin1', at - length, at)
    if (/^[A-Za-z_]\w{0,99}$/.test(word)) names.add(word)
  }
  const each = (count: number, depth: number) => {
    for (let index = 0; index < count; index++) read(depth)
  }
  const read = (depth: number): void => {
    if (depth > BYTECODE_DEPTH || ++objects > BYTECODE_OBJECTS) throw new Error('nested too deep, or too many objects')
    const type = String.fromCharCode(bytes.readUInt8(at++) & 0x7f)
    if ('0NFTS.'.includes(type)) return
    if ('ir'.includes(type)) skip(4)
    else if (type === 'I' || type === 'g') skip(8)
    else if (type === 'y') skip(16)
    else if (type === 'l') skip(2 * Math.abs(long()))
    else if (type === 'z' || type === 'Z') text(bytes.readUInt8(at++))
    else if ('saA'.includes(type)) text(long())
    else if (type === 'u' || type === 't') skip(long())
    else if (type === ')') each(bytes.readUInt8(at++), depth + 1)
    else if ('([<>'.includes(type)) each(long(), depth + 1)
    else if (type === '{') {
      while (bytes[at] !== 0x30) each(2, depth + 1)
      at++
    } else if (type === 'c') {
      // Five numbers; code, constants, names, local names and kinds, file, name, qualified name; first line; line and exception tables.
      skip(20)
      each(8, depth + 1)
      skip(4)
      each(2, depth + 1)
    } else throw new Error(`an object of unknown type ${type}`)
  }
  read(0)
  return names
}
