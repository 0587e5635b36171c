import type { Store } from '@holotype/store'
import { type PathMap, pathResolver } from '../../compose/path-map.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { packagesOf } from './packages.ts'

const SETUID = 0o4000
const SETGID = 0o2000

export interface OwnersOptions {
  readonly store: Store
  readonly packages: readonly LockedUnpacked[]
  /** The scripts are through: who is not known now stays unknown. */
  readonly final?: true
}

/**
 * Files of a package are owned by names, which the image's own /etc/passwd and /etc/group make numbers. Before the scripts these are the
 * accounts that packages bring; after them also those that scripts made. Only what still is root's is given away: a script may have decided.
 * A name that nobody made leaves the file to root, without the bit that would run it as its owner, as rpm does (lib/fsm.c).
 */
export function settleOwners(map: PathMap, { store, packages, final }: OwnersOptions): void {
  const users = accounts(map, store, 'etc/passwd')
  const groups = accounts(map, store, 'etc/group')
  const resolver = pathResolver(map)
  for (const { candidate, files } of packagesOf(store, packages))
    for (const { path, owner, group } of files) {
      if (owner === 'root' && group === 'root') continue
      const place = resolver.resolve(path)
      const found = map.get(place)
      if (found === undefined || found.owner !== `package:${candidate.name}`) continue
      const uid = users.get(owner)
      const gid = groups.get(group)
      let { mode } = found.entry
      if (final && uid === undefined) mode &= ~SETUID
      if (final && gid === undefined) mode &= ~SETGID
      const entry = { ...found.entry, mode, uid: found.entry.uid || (uid ?? 0), gid: found.entry.gid || (gid ?? 0) }
      map.set(place, { ...found, entry })
    }
}

/** The numbers of names in a file of the form of passwd(5) or group(5): the first and the third field. */
function accounts(map: PathMap, store: Store, path: string): ReadonlyMap<string, number> {
  const known = new Map([['root', 0]])
  const entry = map.get(path)?.entry
  if (entry?.type !== 'file') return known
  for (const line of store.read(entry.digest).toString('utf8').split('\n')) {
    const [name, , number = ''] = line.split(':')
    if (name && /^\d{1,10}$/.test(number) && !known.has(name)) known.set(name, Number(number))
  }
  return known
}
