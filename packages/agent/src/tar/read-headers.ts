const BLOCK = 512
/** Bytes of one extended header that are read; a longer one is skipped. */
const PAX_BYTES = 4 * 1024 * 1024

/**
 * Reads the headers of a pax archive (POSIX.1-2017 pax, "pax Interchange Format") in pieces as they come and skips all contents:
 * tells each member's name and its extended attributes (`SCHILY.xattr.*`), values in base64.
 */
export function tarReader(
  onMember: (name: string, xattrs: Readonly<Record<string, string>>) => void,
): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0)
  let skip = 0
  let gather: number | undefined
  let pax = new Map<string, Buffer>()

  const header = (block: Buffer) => {
    if (block.every((byte) => byte === 0)) return
    const type = String.fromCharCode(block[156] ?? 0)
    const size = numberOf(block.subarray(124, 136))
    const padded = Math.ceil(size / BLOCK) * BLOCK
    if (type === 'x' && size <= PAX_BYTES) {
      gather = size
      return
    }
    if (type === 'x' || type === 'g') {
      skip = padded
      return
    }
    const stated = pax.get('size')
    skip = stated ? Math.ceil(Number(stated.toString()) / BLOCK) * BLOCK : type === '5' ? 0 : padded
    onMember(pax.get('path')?.toString() ?? nameOf(block), xattrsOf(pax))
    pax = new Map()
  }

  return (chunk) => {
    let rest = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk
    for (;;) {
      if (skip > 0) {
        const skipped = Math.min(skip, rest.length)
        skip -= skipped
        rest = rest.subarray(skipped)
        if (skip > 0) break
      } else if (gather !== undefined) {
        const padded = Math.ceil(gather / BLOCK) * BLOCK
        if (rest.length < padded) break
        pax = parsePax(rest.subarray(0, gather))
        rest = rest.subarray(padded)
        gather = undefined
      } else {
        if (rest.length < BLOCK) break
        header(rest.subarray(0, BLOCK))
        rest = rest.subarray(BLOCK)
      }
    }
    pending = Buffer.from(rest)
  }
}

function numberOf(field: Buffer): number {
  // GNU's base-256 form, for what has more digits than fit.
  if ((field[0] ?? 0) & 0x80) return Number(field.readBigUInt64BE(4))
  return Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim() || '0', 8)
}

function nameOf(block: Buffer): string {
  const name = textOf(block.subarray(0, 100))
  const prefix = textOf(block.subarray(345, 500))
  return prefix === '' ? name : `${prefix}/${name}`
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString()
}

/** Records of the form `LENGTH KEY=VALUE\n`, the length counting the whole record. */
function parsePax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(bytes.subarray(at, space).toString('latin1'))
    if (space < 0 || !Number.isSafeInteger(length) || length <= 0) return records
    const record = bytes.subarray(space + 1, at + length - 1)
    const equals = record.indexOf(0x3d)
    records.set(record.subarray(0, equals).toString(), Buffer.from(record.subarray(equals + 1)))
    at += length
  }
  return records
}

function xattrsOf(pax: ReadonlyMap<string, Buffer>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [key, value] of pax)
    if (key.startsWith('SCHILY.xattr.')) found[key.slice('SCHILY.xattr.'.length)] = value.toString('base64')
  return found
}
