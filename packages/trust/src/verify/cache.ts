import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, writeFileAtomic } from '@holotype/base'
import type { ChannelRole, TopRole } from '../roles.ts'

/** What a client keeps between runs (TUF 1.0 §5.1, "non-volatile storage"): the newest trusted file of each role, and each channel's statement. */
export type CacheName = TopRole | ChannelRole | `statement-${string}`

export interface Cache {
  /** Undefined if there is none, or it is larger than such a file may be. */
  read(name: CacheName, maxBytes: number): Buffer | undefined
  /** Durable, whole or not at all. Called only with verified bytes. */
  write(name: CacheName, bytes: Uint8Array): void
  remove(name: CacheName): void
}

/** A cache in a directory of its own, made with mode 0700 on the first write. */
export function openCache(directory: string): Cache {
  const pathOf = (name: CacheName) => join(directory, `${name}.json`)
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

/** A cache that forgets: for one run that must leave nothing behind. */
export function memoryCache(): Cache {
  const held = new Map<CacheName, Buffer>()
  return {
    read: (name) => held.get(name),
    write: (name, bytes) => void held.set(name, Buffer.from(bytes)),
    remove: (name) => void held.delete(name),
  }
}
