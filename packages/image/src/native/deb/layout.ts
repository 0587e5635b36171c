import type { PathMap } from '../../compose/path-map.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'

const OWNER = 'step:usr-merge'
const MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']
const ALWAYS = ['bin', 'sbin', 'lib']

/**
 * The merged /usr that Debian 12 and later assume (file-hierarchy(7)): `/bin` and its like are links into `/usr` before anything is
 * unpacked. The word-size directories are linked where a package brings files for them.
 */
export function layout(map: PathMap, packages: readonly LockedUnpacked[]): void {
  const directory = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 } as const
  map.set('', { entry: directory, owner: OWNER })
  map.set('usr', { entry: directory, owner: OWNER })
  // The dynamic loader of the 64-bit ABI is /lib64/ld-linux-x86-64.so.2 (System V ABI, AMD64 supplement).
  const wanted = new Set([
    ...ALWAYS,
    ...(packages.some((candidate) => candidate.architecture === 'amd64') ? ['lib64'] : []),
  ])
  for (const name of MERGED.filter((candidate) => wanted.has(candidate))) {
    map.set(`usr/${name}`, { entry: directory, owner: OWNER })
    map.set(name, {
      entry: { type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 0, target: `usr/${name}` },
      owner: OWNER,
    })
  }
}
