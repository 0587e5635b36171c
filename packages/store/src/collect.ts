import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, errnoOf } from '@holotype/base'
import { objectPath } from './object-files.ts'
import type { Store } from './types.ts'

/** An object of a store, as it lies there. */
export interface StoredObject {
  readonly digest: Digest
  readonly size: number
  /** Seconds since the epoch: when it was put last, to a day. */
  readonly used: number
}

/** A note of a store. */
export interface StoredNote {
  readonly key: string
  readonly value: string
  /** Bytes of its file. */
  readonly size: number
  /** Seconds since the epoch: when it was remembered or recalled last, to a day. */
  readonly used: number
}

/** Every object of a store, in no order. */
export function* storedObjects({ directory }: Store): Generator<StoredObject> {
  for (const head of namesIn(join(directory, 'objects'))) {
    if (!/^[0-9a-f]{2}$/.test(head)) continue
    for (const rest of namesIn(join(directory, 'objects', head))) {
      if (!/^[0-9a-f]{62}$/.test(rest)) continue
      const facts = statSync(join(directory, 'objects', head, rest), { throwIfNoEntry: false })
      if (facts?.isFile()) yield { digest: `sha256:${head}${rest}`, size: facts.size, used: facts.mtimeMs / 1000 }
    }
  }
}

/** Every note of a store, believed or not. */
export function* storedNotes({ directory }: Store): Generator<StoredNote> {
  const pending = ['']
  for (let at = pending.pop(); at !== undefined; at = pending.pop())
    for (const name of namesIn(join(directory, 'notes', at))) {
      const key = at === '' ? name : `${at}/${name}`
      const path = join(directory, 'notes', key)
      const facts = statSync(path, { throwIfNoEntry: false })
      if (facts?.isDirectory()) pending.push(key)
      // What begins with a dot is being written.
      else if (facts?.isFile() && !name.startsWith('.')) {
        const text = readFileSync(path, 'utf8')
        yield { key, value: text.slice(text.indexOf('\n') + 1), size: facts.size, used: facts.mtimeMs / 1000 }
      }
    }
}

export function forgetNote({ directory }: Store, { key }: Pick<StoredNote, 'key'>): void {
  rmSync(join(directory, 'notes', key), { force: true })
}

/** Removes an object unless it was put since, seconds since the epoch; whether it did. */
export function removeObject({ directory }: Store, digest: Digest, since: number): boolean {
  const path = objectPath(directory, digest)
  const facts = statSync(path, { throwIfNoEntry: false })
  if (!facts || facts.mtimeMs / 1000 > since) return false
  rmSync(path, { force: true })
  return true
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
