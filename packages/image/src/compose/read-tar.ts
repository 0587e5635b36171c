import { closeSync, openSync, readSync } from 'node:fs'
import { fail } from '../errors.ts'

const BLOCK = 512

/** One member of a tar archive that we ourselves had GNU tar write: exact bytes, also in extended attributes. */
export interface TarMember {
  readonly path: string
  readonly type: 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly target: string
  readonly major: number
  readonly minor: number
  /** Values in base64. */
  readonly xattrs: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

const TYPES: Readonly<Record<string, TarMember['type']>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

/**
 * The members of a pax archive on disk (POSIX.1-2017, pax), one after another. Attribute values are binary, which text readers lose.
 * @throws IMAGE_MALFORMED: the archive ends early, or a name is not UTF-8
 */
export function* readTar(path: string): Generator<TarMember> {
  const file = openSync(path, 'r')
  try {
    let position = 0
    const take = (length: number): Buffer => {
      const bytes = Buffer.alloc(length)
      let read = 0
      while (read < length) {
        const got = readSync(file, bytes, read, length - read, position + read)
        if (got === 0) throw fail('IMAGE_MALFORMED', { what: `${path} ends within a member` })
        read += got
      }
      position += Math.ceil(length / BLOCK) * BLOCK
      return bytes
    }
    let extended = new Map<string, Buffer>()
    for (;;) {
      const header = take(BLOCK)
      if (header[0] === 0) return
      const size = Number(extended.get('size')?.toString() ?? octal(header, 124, 12))
      const kind = String.fromCharCode(header[156] ?? 0)
      const bytes = take(size)
      if (kind === 'x') {
        extended = parsePax(bytes)
        continue
      }
      const type = TYPES[kind]
      if (type) yield member(header, type, extended, bytes)
      extended = new Map()
    }
  } finally {
    closeSync(file)
  }
}

function member(
  header: Buffer,
  type: TarMember['type'],
  extended: ReadonlyMap<string, Buffer>,
  bytes: Buffer,
): TarMember {
  // A number that its octal field cannot hold, or a name, stands in the record before.
  const number = (key: string, offset: number, length: number) =>
    Number(extended.get(key)?.toString() ?? octal(header, offset, length))
  const prefix = text(header, 345, 155)
  const name = text(header, 0, 100)
  const path = utf8(extended.get('path')) ?? (prefix ? `${prefix}/${name}` : name)
  const xattrs: Record<string, string> = {}
  for (const [key, value] of extended) {
    if (key.startsWith('SCHILY.xattr.')) xattrs[key.slice('SCHILY.xattr.'.length)] = value.toString('base64')
  }
  return {
    path: path.replace(/^\.\/?/, '').replace(/\/$/, ''),
    type,
    mode: octal(header, 100, 8) & 0o7777,
    uid: number('uid', 108, 8),
    gid: number('gid', 116, 8),
    mtime: Math.floor(number('mtime', 136, 12)),
    target: utf8(extended.get('linkpath')) ?? text(header, 157, 100),
    major: octal(header, 329, 8),
    minor: octal(header, 337, 8),
    xattrs,
    bytes,
  }
}

/** Records of `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record in bytes. */
function parsePax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(bytes.toString('latin1', at, space))
    if (space < 0 || !(length > 0)) return records
    const equals = bytes.indexOf(0x3d, space)
    records.set(bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, at + length - 1))
    at += length
  }
  return records
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return utf8(field.subarray(0, end < 0 ? length : end)) ?? ''
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Names are text in a tree: other bytes would silently become another name. */
function utf8(bytes: Buffer | undefined): string | undefined {
  try {
    return bytes && DECODER.decode(bytes)
  } catch (error) {
    throw fail('IMAGE_MALFORMED', {
      what: `the name ${JSON.stringify(bytes?.toString('latin1'))} is not UTF-8`,
      cause: error,
    })
  }
}

function octal(header: Buffer, offset: number, length: number): number {
  return Number.parseInt(text(header, offset, length).trim() || '0', 8)
}
