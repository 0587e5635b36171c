import {
  closeSync,
  existsSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'

/** A server's packages: some 26,000 paths, and many that security updates touch. */
const PACKAGES =
  'openssh-server openssh-client openssl python3 python3-venv python3-lxml python3-cryptography apache2 bind9 bind9-dnsutils redis squid nginx haproxy rsyslog git vim curl wget rsync xz-utils zip unzip ca-certificates tzdata locales man-db gdb perl sudo cron dbus systemd systemd-sysv iproute2 nftables lvm2 mdadm tmux jq strace tcpdump strongswan php-cli'
const SOURCES = '/etc/apt/sources.list.d/debian.sources'

export interface Trees {
  readonly release: string
  readonly updates: string
}

/** Two trees of Debian as apt makes them: a release, and the same with its security updates. Made once, from the machine's own sources. */
export async function makeTrees(directory: string, say: (line: string) => void): Promise<Trees> {
  const trees = { release: join(directory, 'release'), updates: join(directory, 'updates') }
  mkdirSync(directory, { recursive: true })
  const stanzas = existsSync(SOURCES) ? readFileSync(SOURCES, 'utf8').split(/\n{2,}/) : []
  for (const [name, path] of Object.entries(trees)) {
    if (existsSync(path)) continue
    if (stanzas.length === 0) throw new Error(`${SOURCES} is not there: give two trees by BENCH_TREES`)
    say(`the tree ${name}, by mmdebstrap: some minutes`)
    const wanted = stanzas.filter((stanza) => name === 'updates' || !stanza.includes('-security'))
    const list = join(directory, `${name}.sources`)
    // The release without what was updated since.
    writeFileSync(list, wanted.join('\n\n').replaceAll(/ [a-z]+-updates\b/g, ''))
    const tar = join(directory, `${name}.tar`)
    const include = `--include=${PACKAGES.replaceAll(' ', ',')}`
    const options = ['--mode=root', '--variant=important', include, '--aptopt=APT::Install-Recommends=false']
    await run(['mmdebstrap', ...options, suiteOf(wanted), tar, list], { timeoutMs: 30 * 60_000 })
    const making = `${path}.making`
    rmSync(making, { recursive: true, force: true })
    mkdirSync(making)
    await run(['tar', '-C', making, '--numeric-owner', '-xf', tar, '--exclude=./dev'])
    rmSync(tar)
    renameSync(making, path)
  }
  return trees
}

function suiteOf(stanzas: readonly string[]): string {
  const suite = /^Suites: ([a-z]+)\b/m.exec(stanzas.join('\n'))?.[1]
  if (suite === undefined) throw new Error(`no suite in ${SOURCES}`)
  return suite
}

/** Copies of trees in which every mtime is the same. */
export async function clampTrees(directory: string, trees: Trees): Promise<void> {
  for (const [name, tree] of Object.entries(trees)) {
    await run(['cp', '--archive', tree, join(directory, name)], { timeoutMs: 10 * 60_000 })
    await run(['find', join(directory, name), '-exec', 'touch', '--no-dereference', '--date=@1000000000', '{}', '+'])
  }
}

/** Flips the first byte of every hundredth file, its size and mtime kept. Gives how many; of a file with several names one is flipped. */
export function damage(root: string): number {
  const files = [...filesBelow(root)].sort()
  const chosen = files.filter((_, index) => index % 100 === 0)
  const flipped = new Set<number>()
  for (const path of chosen) {
    const file = openSync(path, 'r+')
    const byte = Buffer.alloc(1)
    const { atime, mtime, size, ino } = fstatSync(file)
    if (size > 0 && !flipped.has(ino)) {
      flipped.add(ino)
      readSync(file, byte, 0, 1, 0)
      byte[0] = (byte[0] ?? 0) ^ 0xff
      writeSync(file, byte, 0, 1, 0)
      futimesSync(file, atime, mtime)
    }
    closeSync(file)
  }
  return flipped.size
}

/** Regular files, no symlink followed: readdir's own `recursive` follows them, out of the tree. */
function* filesBelow(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile()) yield path
  }
}
