import { REVIEWED_ITEMS } from '../limits.ts'

/** Which items of a diff this browser's user has looked at. Kept under the diff's digest: another diff starts with nothing reviewed. */

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>

const keyOf = (digest: string): string => `holotype.reviewed.${digest}`

/** Never throws: a browser that keeps nothing, or keeps something else under the name, has reviewed nothing. */
export function readReviewed(storage: Storage, digest: string): ReadonlySet<string> {
  try {
    const kept: unknown = JSON.parse(storage.getItem(keyOf(digest)) ?? '[]')
    return new Set(Array.isArray(kept) ? kept.filter((key) => typeof key === 'string') : [])
  } catch {
    return new Set()
  }
}

/** Keeps at most REVIEWED_ITEMS marks; false when the browser refuses to keep any. */
export function writeReviewed(storage: Storage, digest: string, reviewed: ReadonlySet<string>): boolean {
  try {
    storage.setItem(keyOf(digest), JSON.stringify([...reviewed].slice(0, REVIEWED_ITEMS)))
    return true
  } catch {
    return false
  }
}

/** The set with `key` in it, or without it if it was. */
export function toggled(reviewed: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(reviewed)
  if (!next.delete(key)) next.add(key)
  return next
}
