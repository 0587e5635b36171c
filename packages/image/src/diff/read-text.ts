import { gunzipSync } from 'node:zlib'
import type { FileEntry, Store } from '@holotype/store'
import { TEXT_FILE_BYTES } from './limits.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A file's text (decompressed when it is `.gz`), or undefined when it is too large, not UTF-8 or holds a NUL. */
export function readText(store: Store, path: string, file: FileEntry, limit = TEXT_FILE_BYTES): string | undefined {
  if (file.size > limit) return undefined
  const stored = store.read(file.digest)
  const bytes = path.endsWith('.gz') ? gunzipBounded(stored, limit) : stored
  return bytes === undefined ? undefined : textOf(bytes)
}

/** The text of bytes; undefined for what is not UTF-8 or holds a NUL. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Gunzips at most `limit` bytes; undefined for more, and for what is no gzip. */
export function gunzipBounded(bytes: Uint8Array, limit: number): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit })
  } catch {
    return undefined
  }
}
