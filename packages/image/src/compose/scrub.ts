import { dirname, resolve } from 'node:path/posix'
import { compileGlobs } from '@holotype/base'
import type { Store } from '@holotype/store'
import { type PathMap, pathResolver, prune, removeBelow } from './path-map.ts'

/**
 * What differs from one composition to the next, or belongs to one node alone, on any distribution. It is left out of the image and
 * made on the node, or by nobody.
 */
export const SCRUBBED: readonly { readonly path: string; readonly why: string }[] = [
  { path: '/etc/ssh/ssh_host_*', why: "a host's own keys: every node makes its own" },
  { path: '/etc/.pwd.lock', why: 'a lock' },
  { path: '/etc/passwd-', why: 'the state before the last script' },
  { path: '/etc/group-', why: 'the state before the last script' },
  { path: '/etc/shadow-', why: 'the state before the last script' },
  { path: '/etc/gshadow-', why: 'the state before the last script' },
  { path: '/etc/subuid-', why: 'the state before the last script' },
  { path: '/etc/subgid-', why: 'the state before the last script' },
  { path: '/etc/ssl/private/ssl-cert-snakeoil.key', why: "a host's own key: an image would give it to all" },
  { path: '/etc/ssl/certs/ssl-cert-snakeoil.pem', why: 'the certificate of a key that is left out' },
  { path: '/var/lib/systemd/random-seed', why: "a host's own randomness" },
  { path: '/var/lib/dbus/machine-id', why: "a host's own name" },
  { path: '/var/cache/ldconfig/aux-cache', why: 'holds inode numbers; ldconfig makes it again' },
  { path: '/var/log/lastlog', why: 'belongs to the node' },
  { path: '/var/log/wtmp', why: 'belongs to the node' },
  { path: '/var/log/btmp', why: 'belongs to the node' },
  { path: '/var/log/faillog', why: 'belongs to the node' },
  { path: '/usr/**/__pycache__/**', why: 'Python compiles again at need; holds time stamps' },
]

/** Mount points of the running system: present, and empty. */
const VOLATILE = ['proc', 'sys', 'dev', 'run', 'tmp'] as const

/** Removes what {@link SCRUBBED} and the package manager's own list name, and empties the mount points. */
export function scrub(
  map: PathMap,
  options: { readonly store: Store; readonly globs: readonly string[]; readonly epoch: number },
): void {
  const scrubbed = compileGlobs([...SCRUBBED.map((item) => item.path), ...options.globs])
  const resolver = pathResolver(map)
  for (const [path, { entry }] of map) {
    // A link to what is left out would lead nowhere: a certificate's by its hash (openssl-rehash(1)).
    if (
      entry.type === 'symlink' &&
      scrubbed(`/${resolver.resolve(resolve('/', dirname(path), entry.target).slice(1))}`)
    )
      map.delete(path)
  }
  prune(map, scrubbed)
  for (const path of VOLATILE) {
    removeBelow(map, path, { keepSelf: true })
    if (!map.has(path)) {
      const mode = path === 'tmp' ? 0o1777 : 0o755
      map.set(path, {
        entry: { type: 'directory', mode, uid: 0, gid: 0, mtime: options.epoch },
        owner: 'step:mount-points',
      })
    }
  }
  // Empty and not absent: systemd then knows that this is a first boot, and writes the node's own (machine-id(5)).
  const empty = {
    type: 'file',
    mode: 0o444,
    uid: 0,
    gid: 0,
    mtime: options.epoch,
    digest: options.store.put(Buffer.alloc(0)),
    size: 0,
  } as const
  map.set('etc/machine-id', { entry: empty, owner: 'step:machine-id' })
}
