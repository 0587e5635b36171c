import type { Store } from '@holotype/store'
import { type PathMap, pathResolver } from '../../compose/path-map.ts'
import type { Diverted } from '../../compose/script-effects.ts'
import type { Relocate } from '../../compose/unite.ts'
import { fail } from '../../errors.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { DIVERSIONS } from './database.ts'

/**
 * The packages whose preinst may move other packages' files away (dpkg-divert(1)): such a file and the package's own lie at one path, until the
 * script ran. Found by the name of the program, which a script has to call: one that hides it has its path refused as a conflict.
 */
export function diverting(store: Store, packages: readonly LockedUnpacked[]): LockedUnpacked[] {
  return packages.filter(({ unpacked }) => {
    const { preinst } = unpacked.control
    return preinst !== undefined && movesFiles(store.read(preinst.digest).toString('latin1'))
  })
}

/**
 * Whether a script calls dpkg-divert to move a file, and not to ask, to undo, or with `--no-rename`: Debian 13 guards names outside /usr so, in the C
 * library and the shell too, without which no script can run.
 */
function movesFiles(script: string): boolean {
  const calls = script.replaceAll('\\\n', ' ').match(/dpkg-divert\b[^\n;&|)]*/g) ?? []
  return calls.some((call) => !/--(?:no-rename|truename|listpackage|list|remove)\b/.test(call))
}

/** Where a package's file comes to lie: elsewhere, where another package diverts it. @throws IMAGE_SCRIPT_FAILED: a list that dpkg would not write */
export function relocate(store: Store, map: PathMap): Relocate {
  const diversions = new Map(readDiversions(store, map).map((diversion) => [diversion.from, diversion]))
  return (place, name) => {
    const diversion = diversions.get(place)
    return diversion === undefined || diversion.by === name ? place : diversion.to
  }
}

/** Which files dpkg-divert may have moved, and where to. @throws IMAGE_SCRIPT_FAILED: a list that dpkg would not write */
export function diverted(store: Store, map: PathMap): Diverted {
  return new Map(readDiversions(store, map).map(({ from, to }) => [`/${from}`, `/${to}`]))
}

interface Diversion {
  readonly from: string
  readonly to: string
  readonly by: string | undefined
}

function readDiversions(store: Store, map: PathMap): Diversion[] {
  const entry = map.get(DIVERSIONS)?.entry
  const lines = entry?.type === 'file' ? store.read(entry.digest).toString('utf8').split('\n') : []
  const resolver = pathResolver(map)
  const resolve = (path: string | undefined): string => {
    if (!path?.startsWith('/') || path.split('/').some((part) => part === '..' || part === '.'))
      throw fail('IMAGE_SCRIPT_FAILED', { what: `a script wrote ${JSON.stringify(path)} into /${DIVERSIONS}` })
    return resolver.resolve(path.slice(1))
  }
  const diversions: Diversion[] = []
  for (let at = 0; at + 2 < lines.length; at += 3)
    diversions.push({ from: resolve(lines[at]), to: resolve(lines[at + 1]), by: lines[at + 2] })
  return diversions
}
