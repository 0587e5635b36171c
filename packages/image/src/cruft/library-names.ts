import { closeSync, openSync, readSync } from 'node:fs'
import type { Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import type { ImagePath } from './image-paths.ts'
import {
  NAME_FORMAT_LENGTH,
  NAME_FORMATS,
  SCANNED_CHUNK_BYTES,
  SCANNED_OVERLAP_BYTES,
  SCANNED_TEXT_BYTES,
} from './limits.ts'
import type { LinkedObject } from './linked-objects.ts'

/** What names every library, or is read by people and compilers alone. */
const UNREAD =
  /^\/(?:etc\/ld\.so\.cache|usr\/include\/|usr\/share\/(?:doc|man|info|locale|lintian|bug|zoneinfo|perl-openssl-defaults)\/|var\/(?:cache|lib|log)\/|boot\/|usr\/lib\/(?:modules|debug|firmware|sysimage)\/)|\.(?:a|o|h|la|pc|ko|gz|xz|zst)$/

/** dlopen(3)'s argument is put together with printf(3): `libnss_%s.so%s`. One that leaves nothing but `lib` to compare names every library, and none. */
const FORMAT = `lib[\\w+.-]*%s[\\w%+.-]*`

/**
 * Which files of an image name a library, by its soname or that without `.so` and its version: in the strings of ELF files, in scripts and in
 * configuration. Such a file may load it at run time. A name that a program puts together otherwise is not seen.
 */
export function namingFiles(
  store: Store,
  paths: readonly ImagePath[],
  libraries: readonly LinkedObject[],
): Map<LinkedObject, ImagePath[]> {
  const byStem = Map.groupBy(
    libraries.flatMap((library) => [...new Set([...library.names].map(stemOf))].map((stem) => ({ stem, library }))),
    ({ stem }) => stem,
  )
  const found = new Map<LinkedObject, ImagePath[]>()
  if (byStem.size === 0) return found
  const stems = [...byStem.keys()].map(escaped).join('|')
  const pattern = new RegExp(`(?:${stems})(?=\\.so|\\.?[^A-Za-z0-9_.+-]|\\.?$)|${FORMAT}`, 'g')
  const known = new Map<Digest, readonly string[]>()
  const formats = new Map<string, readonly LinkedObject[]>()
  for (const file of paths) {
    if (file.digest === undefined || UNREAD.test(file.path)) continue
    if (!(file.mode & 0o111) && !/\.so\b/.test(file.path) && file.bytes > SCANNED_TEXT_BYTES) continue
    const tokens = known.get(file.digest) ?? tokensIn(store, file.digest, pattern)
    known.set(file.digest, tokens)
    const named = tokens.flatMap((token) => {
      const exact = byStem.get(token)?.map(({ library }) => library)
      if (exact) return exact
      const matching = formats.get(token) ?? (formats.size < NAME_FORMATS ? fitting(token, libraries) : [])
      formats.set(token, matching)
      return matching
    })
    for (const library of new Set(named)) {
      const files = found.get(library)
      if (files) files.push(file)
      else found.set(library, [file])
    }
  }
  return found
}

/** `libz.so.1` is `libz`. */
export function stemOf(name: string): string {
  return name.replace(/\.so(\..*)?$/, '')
}

function fitting(format: string, libraries: readonly LinkedObject[]): LinkedObject[] {
  const literal = format.slice('lib'.length).replace(/%[a-z]|\.so\b.*/g, '')
  if (!/\w/.test(literal) || format.length > NAME_FORMAT_LENGTH || !format.includes('.so')) return []
  const pattern = new RegExp(
    `^${format
      .split(/%[a-z]/)
      .map(escaped)
      .join('.*')}$`,
  )
  return libraries.filter(({ names }) => [...names].some((name) => pattern.test(name)))
}

function tokensIn(store: Store, digest: Digest, pattern: RegExp): string[] {
  const tokens = new Set<string>()
  const file = openSync(store.pathOf(digest), 'r')
  try {
    for (let at = 0; ; at += SCANNED_CHUNK_BYTES - SCANNED_OVERLAP_BYTES) {
      const length = readSync(file, chunk, 0, SCANNED_CHUNK_BYTES, at)
      const text = chunk.toString('latin1', 0, length)
      for (const { 0: token, index } of text.matchAll(pattern))
        if (index === 0 || !/[A-Za-z0-9_]/.test(text.charAt(index - 1))) tokens.add(token)
      if (length < SCANNED_CHUNK_BYTES) return [...tokens]
    }
  } finally {
    closeSync(file)
  }
}

const chunk = Buffer.allocUnsafe(SCANNED_CHUNK_BYTES)

function escaped(text: string): string {
  return text.replace(/[\\^$+*?.()|[\]{}/-]/g, '\\$&')
}
