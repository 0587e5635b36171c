import { PATH_BYTES } from '../limits.ts'

/**
 * A path from outside made relative and normal: no leading `./`, no `.`, no empty part; the root itself is ''.
 * Undefined if it is absolute, has a `..` part, holds a NUL or is longer than PATH_MAX: joined to a root it could lead elsewhere.
 */
export function confinedPath(text: string): string | undefined {
  if (text === '' || text.startsWith('/') || text.includes('\0') || Buffer.byteLength(text) > PATH_BYTES)
    return undefined
  // Most paths are clean already.
  if (!/(?:^|\/)\.{0,2}(?:\/|$)/.test(text)) return text
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  return parts.includes('..') ? undefined : parts.join('/')
}
