import type { Store } from '@holotype/store'
import type { PathMap } from './path-map.ts'

/** The third field of shadow(5): the day of the last password change. */
const LAST_CHANGE = 2

/**
 * Empties the day of the last password change of each account. useradd(8) writes the image's SOURCE_DATE_EPOCH there, so that every image
 * with a newer package would change a file that holds password hashes, on every line, and a reviewer would learn to look away.
 * An empty day means that the password does not age (shadow(5)); what a package or the spec sets to age keeps its other fields.
 */
export function undateShadow(map: PathMap, store: Store): void {
  const found = map.get('etc/shadow')
  if (found?.entry.type !== 'file') return
  const before = store.read(found.entry.digest).toString('latin1')
  const after = Buffer.from(before.split('\n').map(undated).join('\n'), 'latin1')
  map.set('etc/shadow', { ...found, entry: { ...found.entry, digest: store.put(after), size: after.length } })
}

function undated(line: string): string {
  const fields = line.split(':')
  // 0 asks for a new password at the next login: that is meant.
  if (fields.length <= LAST_CHANGE || fields[LAST_CHANGE] === '0') return line
  return fields.with(LAST_CHANGE, '').join(':')
}
