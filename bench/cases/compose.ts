import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatLock, type Lock, type LockedPackage, readLock } from '@holotype/solver'
import { openStore } from '@holotype/store'
import { type Bench, row } from '../harness/bench.ts'
import { measure } from '../harness/measure.ts'
import { Notes } from '../harness/notes.ts'
import { environment, HOLOTYPE, holotype, localRepository, type Place } from '../harness/place.ts'
import type { Row } from '../harness/types.ts'

/** The name our directory of .debs has for mmdebstrap and debootstrap: one that debootstrap has a script for. */
const SUITE = 'stable'

/** What the image's spec prunes, as dpkg is told it. */
const PRUNED = ['man', 'info', 'locale', 'doc', 'lintian'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`)

const TASK = 'an image of .debs'
/** Times as fast as mmdebstrap that were promised with five packages changed. */
const TIMES_FASTER = 8
/** Five packages of what the image is for, and five that much else depends on: both change on patch day. */
const LATE = ['beacond', 'haproxy', 'nginx', 'nginx-common', 'nginx-light'] as const
const EARLY = ['ca-certificates', 'liblzma5', 'libssl3', 'openssl', 'tzdata'] as const

/** Security updates, each the packages of one source: of what nothing is built on, of a library, of an essential package (as one of libc6). */
const UPDATES = [['tzdata'], ['libssl3', 'openssl'], ['libperl5.36', 'perl', 'perl-base', 'perl-modules-5.36']] as const

/** The second image from its lock, by how much of it the store knows; and by mmdebstrap and debootstrap. */
export async function composing(bench: Bench): Promise<Row[]> {
  const { place } = bench
  // Each round begins where the second image is known and no other.
  const notes = new Notes(place, ['layer-'])
  const ours = (who: string, bar?: number) => ({
    task: TASK,
    who: `holotype image compose, ${who}`,
    ...(bar ? { bar } : {}),
  })
  const changing = async (what: string, names: readonly string[], bar?: number) => {
    const changed = asBefore(place, names)
    writeLock(place, { ...place.lock, packages: place.lock.packages.map((one) => changed.get(one.name) ?? one) })
    const measured = await row(bench, ours(`${what}: ${names.join(', ')}`, bar), () => {
      notes.restore()
      for (const { sha256 } of changed.values())
        rmSync(join(place.home, 'store/notes/unpacked-2', sha256), { force: true })
      return compose(place, place.home)
    })
    writeLock(place, place.lock)
    return measured
  }
  const late = await changing('five packages changed', LATE, 8)
  const updates: Row[] = []
  for (const names of UPDATES) updates.push(await changing('one update', names))
  const rows = [
    await row(bench, ours('nothing changed'), () => compose(place, place.home)),
    late,
    await changing('five packages changed', EARLY, 15),
    ...updates,
    await row(bench, ours('packages unpacked, no script remembered', 15), () => {
      notes.forget()
      return compose(place, place.home)
    }),
    await row(bench, ours('cold: the .debs alone', 90), async (round) => {
      const home = join(place.scratch, `cold-${round}`)
      const store = openStore(join(home, 'store'))
      for (const { sha256 } of place.lock.packages) store.put(place.store.read(`sha256:${sha256}`))
      await store.flush()
      return compose(place, home)
    }),
  ]
  notes.restore()
  // The name of the image stands for what was composed last.
  await holotype(place, ['image', 'compose', 'web'])
  const theirs = await peerRows(bench)
  const [first] = theirs
  if (first) {
    const times = first.seconds.median / late.seconds.median
    bench.say(
      `with five changed ${times.toFixed(1)} times as fast as ${first.who}${times < TIMES_FASTER ? `: less than ${TIMES_FASTER}` : ''}`,
    )
  }
  return [...rows, ...theirs]
}

function compose(place: Place, home: string) {
  return measure({
    argv: [HOLOTYPE, 'image', 'compose', 'web', '--quiet'],
    cwd: place.distribution,
    env: environment(home),
  })
}

/** Some packages as the first image had them, by name. */
function asBefore(place: Place, names: readonly string[]): Map<string, LockedPackage> {
  const before = readLock(join(place.scratch, 'first.lock')).packages
  return new Map(
    names.map((name) => {
      const old = before.find((locked) => locked.name === name)
      if (!old || place.lock.packages.some(({ sha256 }) => sha256 === old.sha256))
        throw new Error(`${name} does not change between the two images`)
      return [name, old]
    }),
  )
}

function writeLock(place: Place, lock: Lock): void {
  writeFileSync(join(place.distribution, 'images/web.lock'), formatLock(lock))
}

async function peerRows(bench: Bench): Promise<Row[]> {
  const { place, peers } = bench
  if (!peers.has('mmdebstrap')) return []
  const debs = localRepository(place, SUITE, (deb) => execFileSync('dpkg-deb', ['--field', deb]).toString())
  const roots = join(place.scratch, 'roots')
  mkdirSync(roots)
  const names = place.lock.packages.map(({ name }) => name).join(',')
  const mmdebstrap = (round: number) =>
    measure({
      argv: [
        'mmdebstrap',
        ...['--quiet', '--mode=root', '--variant=essential', '--format=directory', `--include=${names}`],
        // Links /bin to /usr/bin before the first package, as Debian's installer does; the image has it so.
        '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
        ...['--dpkgopt=force-unsafe-io', ...PRUNED, '--aptopt=APT::Sandbox::User "root"'],
        ...[SUITE, join(roots, `mmdebstrap-${round}`), `deb [trusted=yes] copy:${debs} ./`],
      ],
    })
  const rows = [await row(bench, { task: TASK, who: 'mmdebstrap, no fsync' }, mmdebstrap)]
  if (!peers.has('debootstrap')) return rows
  const debootstrap = (round: number) =>
    measure({
      argv: [
        ...([
          'debootstrap',
          '--no-check-gpg',
          '--merged-usr',
          '--variant=minbase',
          '--exclude=apt',
          `--include=${names}`,
        ] as const),
        ...[SUITE, join(roots, `debootstrap-${round}`), `file://${debs}`],
      ],
    })
  return [...rows, await row(bench, { task: TASK, who: 'debootstrap' }, debootstrap)]
}
