import { rpmDatabase } from '@holotype/formats'
import { addParents, type PathMap, pathResolver } from '../../compose/path-map.ts'
import type { DatabaseOptions } from '../native.ts'
import { packagesOf } from './packages.ts'

const OWNER = 'step:rpm-database'

/** Where the database lies: as the image's own rpm has it, which brings the directory; the first where no package does. */
const DIRECTORIES = ['usr/lib/sysimage/rpm', 'var/lib/rpm'] as const

/** Machines on which 32 and 64 bit libraries may lie side by side (rpm's `%_transaction_color`). */
const MULTILIB: ReadonlySet<string> = new Set(['x86_64', 's390x', 'ppc64', 'sparc64'])

/**
 * Writes rpm's database as an installation of all packages leaves it. The time of each is the image's. What the image leaves out (pruned
 * documentation, languages) is marked as not installed, as `rpm --excludedocs` does, so that `rpm -V` does not miss it.
 */
export function database(map: PathMap, { store, packages, architecture, epoch }: DatabaseOptions): void {
  const directory = DIRECTORIES.find((candidate) => map.get(candidate)?.entry.type === 'directory') ?? DIRECTORIES[0]
  const resolver = pathResolver(map)
  const bytes = rpmDatabase(
    packagesOf(store, packages).map(({ headers }) => ({
      headers,
      installation: {
        time: epoch,
        color: MULTILIB.has(architecture) ? 3 : 0,
        isInstalled: (path) => path === '' || map.has(resolver.resolve(path)),
      },
    })),
  )
  const place = `${directory}/rpmdb.sqlite`
  addParents(map, place, OWNER)
  const file = { mode: 0o644, uid: 0, gid: 0, mtime: epoch, digest: store.put(bytes), size: bytes.length }
  map.set(place, { entry: { type: 'file', ...file }, owner: OWNER })
}
