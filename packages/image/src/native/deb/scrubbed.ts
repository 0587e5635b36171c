/** What dpkg and apt leave that differs from run to run, and is made again on the node. */
export const SCRUBBED_DEB: readonly { readonly path: string; readonly why: string }[] = [
  { path: '/var/log/dpkg.log', why: 'names the time of composition' },
  { path: '/var/log/alternatives.log', why: 'names the time of composition' },
  { path: '/var/log/apt/**', why: 'names the time of composition' },
  { path: '/var/lib/dpkg/lock*', why: 'dpkg makes it' },
  { path: '/var/lib/dpkg/triggers/Lock', why: 'dpkg makes it' },
  { path: '/var/lib/dpkg/**/*-old', why: 'the state before the last script' },
  { path: '/usr/share/info/dir.old', why: 'the state before the last script' },
  { path: '/var/cache/debconf/*-old', why: 'the state before the last script' },
  { path: '/var/cache/apt/*.bin', why: 'apt makes it again' },
  { path: '/usr/sbin/policy-rc.d', why: 'kept services from starting inside the sandbox' },
  {
    path: '/etc/postgresql/*/**',
    why: 'a database cluster has an identity of its own: a node makes it (pg_createcluster)',
  },
  {
    path: '/var/lib/postgresql/*/**',
    why: 'a database cluster has an identity of its own: a node makes it (pg_createcluster)',
  },
]
