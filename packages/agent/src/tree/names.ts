/*
 * Linux' names are bytes. One that is not UTF-8 is handled as a text in which each byte that does not belong to UTF-8 is a lone surrogate,
 * U+DC00 and the byte (PEP 383, "surrogateescape"): no UTF-8 decodes to such a text, and it leads back to the same bytes.
 */

/** A name from its bytes. */
export function nameFrom(raw: Buffer): string {
  const whole = raw.toString()
  if (Buffer.from(whole).equals(raw)) return whole
  let name = ''
  for (let at = 0; at < raw.length; ) {
    const [text, length] = characterAt(raw, at)
    name += text
    at += length
  }
  return name
}

/** A path as the system takes it: itself, or its bytes when it is not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (path.isWellFormed()) return path
  return Buffer.concat(
    Array.from(path, (character) => {
      const code = character.charCodeAt(0)
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character)
    }),
  )
}

function characterAt(raw: Buffer, at: number): readonly [string, number] {
  for (let length = 1; length <= 4 && at + length <= raw.length; length++) {
    const bytes = raw.subarray(at, at + length)
    const text = bytes.toString()
    if (Buffer.from(text).equals(bytes)) return [text, length]
  }
  return [String.fromCharCode(0xdc00 + (raw[at] ?? 0)), 1]
}

/** The directory of a path as seen from the root. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
