import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digester, digestOf, errnoOf, hexOf, removePath } from '@holotype/base'
import { explain } from '../explain.ts'
import type { ObjectSink } from '../site/frame-reader.ts'
import { WrongBytes } from '../site/site.ts'
import { hashFile } from './hash-file.ts'
import { sparseWriter } from './sparse-writer.ts'

/**
 * A folder of objects by digest. What this process put there is known to be right; what an earlier one left (it may have been killed
 * half-way) is hashed before its first use.
 */
export interface ObjectFolder {
  readonly directory: string
  has(digest: Digest, size: number): boolean
  put(digest: Digest, bytes: Buffer): void
  begin(digest: Digest): ReturnType<ObjectSink['begin']>
  /** Verified bytes, or undefined when absent or damaged. */
  read(digest: Digest): Buffer | undefined
  pathOf(digest: Digest): string
  /** The object was moved away. */
  forget(digest: Digest): void
  /** Removes all but these. */
  keepOnly(digests: ReadonlySet<Digest>): void
  /** Removes everything. */
  clear(): void
}

export function openObjects(directory: string): ObjectFolder {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const known = new Set<Digest>()
  const pathOf = (digest: Digest) => join(directory, hexOf(digest))
  const begin = (digest: Digest) => {
    const path = pathOf(digest)
    const running = digester()
    const file = create(path)
    const writer = sparseWriter(file)
    let open = true
    const close = () => {
      if (open) closeSync(file)
      open = false
    }
    const abort = () => {
      if (!open) return
      close()
      removePath(path)
    }
    return {
      write(bytes: Buffer) {
        running.update(bytes)
        attempt(path, () => writer.write(bytes))
      },
      end() {
        attempt(path, () => writer.end())
        if (running.digest() !== digest) {
          abort()
          throw new WrongBytes(`wrong bytes for ${digest}`)
        }
        close()
        known.add(digest)
      },
      abort,
    }
  }
  const keepOnly = (digests: ReadonlySet<Digest>) => {
    const names = new Set([...digests].map(hexOf))
    for (const name of readdirSync(directory)) if (!names.has(name)) removePath(join(directory, name))
    for (const digest of known) if (!digests.has(digest)) known.delete(digest)
  }
  return {
    directory,
    pathOf,
    begin,
    has(digest, size) {
      if (known.has(digest)) return true
      const path = pathOf(digest)
      const stat = statSync(path, { throwIfNoEntry: false })
      if (!stat) return false
      if (stat.size === size && hashFile(path) === digest) {
        known.add(digest)
        return true
      }
      unlinkSync(path)
      return false
    },
    put(digest, bytes) {
      if (digestOf(bytes) !== digest) throw new WrongBytes(`wrong bytes for ${digest}`)
      const path = pathOf(digest)
      const file = create(path)
      try {
        attempt(path, () => {
          const writer = sparseWriter(file)
          writer.write(bytes)
          writer.end()
        })
      } finally {
        closeSync(file)
      }
      known.add(digest)
    },
    read(digest) {
      try {
        const bytes = readFileSync(pathOf(digest))
        return digestOf(bytes) === digest ? bytes : undefined
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined
        throw error
      }
    },
    forget: (digest) => void known.delete(digest),
    keepOnly,
    clear: () => keepOnly(new Set()),
  }
}

function create(path: string): number {
  return attempt(path, () => openSync(path, 'w', 0o600))
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw explain(error, path)
  }
}
