import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, errnoOf, hexOf, writeFileAtomic } from '@holotype/base'

/**
 * What a client keeps between runs (TUF 1.0 §5.1, "non-volatile storage"): the newest trusted file of each role, by the role's name, and each
 * channel's statement.
 */
type CacheName = string

/** Bytes: what a file's name may have (255), without `.json` and what a temporary file adds. */
const MAX_FILE_NAME = 200

export interface Cache {
  /** Undefined if there is none, or it is larger than such a file may be. */
  read(name: CacheName, maxBytes: number): Buffer | undefined
  /** Durable, whole or not at all. Called only with verified bytes. */
  write(name: CacheName, bytes: Uint8Array): void
  remove(name: CacheName): void
}

/** A cache in a directory of its own, made with mode 0700 on the first write. */
export function openCache(directory: string): Cache {
  // A role's name is whatever the role above it says: as a file's name it must stay within the directory.
  const pathOf = (name: CacheName) => join(directory, `${fileName(name)}.json`)
  return {
    read(name, maxBytes) {
      const path = pathOf(name)
      try {
        const stat = statSync(path)
        // Whatever lies there instead of a file would stand in the way of the next write.
        if (!stat.isFile()) rmSync(path, { recursive: true })
        return stat.isFile() && stat.size <= maxBytes ? readFileSync(path) : undefined
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined
        throw error
      }
    },
    write(name, bytes) {
      if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeFileAtomic(pathOf(name), bytes, 0o600)
    },
    remove: (name) => rmSync(pathOf(name), { force: true }),
  }
}

/** Percent-encoded, which leaves the names of our own sites but `+` as they are; a name too long for a file is its digest. */
export function fileName(name: CacheName): string {
  const encoded = encodeURIComponent(name)
  return encoded.length <= MAX_FILE_NAME ? encoded : hexOf(digestOf(name))
}

/** A cache that forgets: for one run that must leave nothing behind. */
export function memoryCache(): Cache {
  const held = new Map<CacheName, Buffer>()
  return {
    read: (name) => held.get(name),
    write: (name, bytes) => void held.set(name, Buffer.from(bytes)),
    remove: (name) => void held.delete(name),
  }
}
