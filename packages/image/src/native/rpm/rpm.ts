import { dependencyOrder } from '../dependency-order.ts'
import type { NativeInstaller } from '../native.ts'
import { checkDirectories } from './check-directories.ts'
import { configure } from './configure.ts'
import { database } from './database.ts'
import { settleOwners } from './owners.ts'
import { packagesOf } from './packages.ts'

/** The package manager of Fedora, RHEL, openSUSE and their like. */
export const rpm: NativeInstaller = {
  order: (packages, store) =>
    dependencyOrder(
      packagesOf(store, packages).map(({ candidate, needs, gives, files }) => ({
        item: candidate,
        needs,
        gives: [candidate.name, ...gives, ...files.map(({ path }) => `/${path}`)],
      })),
    ),
  // The package `filesystem` brings the layout; rpm assumes none.
  layout: (map) => {
    map.set('', { entry: { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 }, owner: 'step:root' })
  },
  database: (map, options) => {
    checkDirectories(packagesOf(options.store, options.packages))
    settleOwners(map, options)
    database(map, options)
  },
  configure,
  settle: (map, options) => settleOwners(map, { ...options, final: true }),
  scrub: [
    { path: '/usr/lib/sysimage/rpm/rpmdb.sqlite-*', why: 'the log of a database that is closed' },
    { path: '/usr/lib/sysimage/rpm/.rpm.lock', why: 'a lock' },
    { path: '/var/lib/rpm/rpmdb.sqlite-*', why: 'the log of a database that is closed' },
    { path: '/var/lib/rpm/.rpm.lock', why: 'a lock' },
  ],
}
