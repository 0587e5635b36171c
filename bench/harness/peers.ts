import { existsSync } from 'node:fs'

/** The programs that we are measured beside or with, and the Debian package of each. */
const PEERS = {
  time: { path: '/usr/bin/time', for: 'CPU and memory of every row' },
  mmdebstrap: { path: '/usr/bin/mmdebstrap', for: 'an image from the same .debs' },
  debootstrap: { path: '/usr/sbin/debootstrap', for: 'an image from the same .debs, by the other tool' },
  rsync: { path: '/usr/bin/rsync', for: 'the same trees synced' },
  diffoscope: { path: '/usr/bin/diffoscope', for: 'the same two trees compared' },
  'apt-get': { path: '/usr/bin/apt-get', for: 'the same packages resolved' },
} as const

export type Peer = keyof typeof PEERS

/** Which of the peers are here, after saying of those that are not what is missing without them. */
export function findPeers(say: (line: string) => void): ReadonlySet<Peer> {
  const here = new Set<Peer>()
  const missing: Peer[] = []
  for (const name of ['time', 'mmdebstrap', 'debootstrap', 'rsync', 'diffoscope', 'apt-get'] as const) {
    if (existsSync(PEERS[name].path)) here.add(name)
    else {
      missing.push(name)
      say(`${name} is not here, so this is left out: ${PEERS[name].for}`)
    }
  }
  if (missing.length > 0) say(`to have all rows: apt-get install ${missing.join(' ').replace('apt-get', 'apt')}`)
  return here
}
