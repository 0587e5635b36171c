import { formats } from '@holotype/formats'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { dependencyOrder } from '../dependency-order.ts'
import type { NativeInstaller } from '../native.ts'
import { configure } from './configure.ts'
import { database } from './database.ts'
import { valuesOf } from './fields.ts'

/** Arch Linux's package manager. */
export const alpm: NativeInstaller = {
  order: (packages) =>
    dependencyOrder(
      packages.map((item) => ({
        item,
        needs: namesIn(item, 'depend'),
        gives: [item.name, ...namesIn(item, 'provides')],
      })),
    ),
  // The package `filesystem` brings the layout; pacman assumes none.
  layout: (map) => {
    map.set('', { entry: { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }, owner: 'step:root' })
  },
  database,
  configure,
  scrub: [
    { path: '/var/log/pacman.log', why: 'names the time of composition' },
    { path: '/var/lib/pacman/db.lck', why: 'a lock' },
    { path: '/etc/pacman.d/gnupg/S.*', why: 'sockets of a gpg-agent' },
  ],
}

function namesIn({ unpacked }: LockedUnpacked, field: string): string[] {
  return valuesOf(unpacked, field)
    .flatMap((text) => formats.alpm.parseDependencies(text))
    .flat()
    .map(({ name }) => name)
}
