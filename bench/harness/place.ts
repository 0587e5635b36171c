import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Digest, digestOf, hexOf, isDigest, run, SYSTEM_PATH } from '@holotype/base'
import { type Lock, readLock } from '@holotype/solver'
import { openStore, type Store } from '@holotype/store'

const ROOT = join(import.meta.dirname, '../..')
const EXAMPLE = join(ROOT, 'examples/acme')

/** Where the bench happens: the example at patch day, both its images composed in a store that later runs find again. */
export interface Place {
  readonly work: string
  readonly distribution: string
  readonly home: string
  readonly store: Store
  readonly first: Digest
  readonly second: Digest
  /** Of the second image, with what is ours and what upstream's in it. */
  readonly lock: Lock
  /** What the rounds make; deleted at the end: making many files soon after deleting many is slow on ext4. */
  readonly scratch: string
}

/** What a run begins without: the first image is to hold what was built first. */
const OF_A_RUN = [
  ...['keys', 'site', 'server', 'builds', 'published'],
  ...['repositories', 'notes/repository', 'notes/images', 'notes/diffs'].map((name) => `store/${name}`),
].map((name) => `home/${name}`)

/** Our command, as a person starts it. */
export const HOLOTYPE = join(ROOT, 'bin/holotype')

/** The environment of our command for a state directory. */
export function environment(home: string): Record<string, string> {
  return { PATH: SYSTEM_PATH, HOLOTYPE_HOME: home, HOLOTYPE_ACTOR: 'alice' }
}

/** Runs our command in the bench's distribution. */
export async function holotype(
  place: Pick<Place, 'distribution' | 'home'>,
  words: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await run([HOLOTYPE, ...words, '--quiet'], {
    cwd: place.distribution,
    env: { ...environment(place.home), ...more },
  })
  return stdout.toString()
}

/** Lays out the work folder: the distribution anew, the store of an earlier run kept, both images composed. */
export async function prepare(work: string, say: (line: string) => void): Promise<Place> {
  const scratch = join(work, `scratch-${Date.now()}`)
  mkdirSync(scratch, { recursive: true })
  const [distribution, home] = [join(work, 'acme'), join(work, 'home')]
  const old = join(scratch, 'before')
  mkdirSync(old)
  for (const name of ['acme', ...OF_A_RUN]) {
    if (existsSync(join(work, name))) renameSync(join(work, name), join(old, name.replaceAll('/', '-')))
  }
  const store = openStore(join(home, 'store'))
  cpSync(join(EXAMPLE, 'distribution'), distribution, { recursive: true })
  const at = { distribution, home }
  await git(distribution, 'init', '--quiet', '--initial-branch=main')
  await commit(distribution, 'first')
  await holotype(at, ['admin', 'keys', 'create'])
  say('the first image: build, lock, compose')
  const first = await make(at)
  copyFileSync(join(distribution, 'images/web.lock'), join(scratch, 'first.lock'))
  await git(distribution, 'apply', join(EXAMPLE, 'patch-day.patch'))
  await commit(distribution, 'second')
  say('the second image: build, lock, compose')
  const second = await make(at)
  const lock = readLock(join(distribution, 'images/web.lock'), 'web.lock')
  return { work, scratch, distribution, home, store, first, second, lock }
}

async function make(at: Pick<Place, 'distribution' | 'home'>): Promise<Digest> {
  await holotype(at, ['build'])
  await holotype(at, ['image', 'lock', 'web'])
  await commit(at.distribution, 'lock')
  const made: unknown = JSON.parse(await holotype(at, ['image', 'compose', 'web', '--json']))
  if (typeof made === 'object' && made && 'image' in made && isDigest(made.image)) return made.image
  throw new Error('compose named no image')
}

/**
 * A repository of the lock's .debs, from which apt and debootstrap can copy: its index lies where each of them looks, flat and below `dists/`.
 * `controlOf` gives a .deb's control file.
 */
export function localRepository(
  place: Pick<Place, 'scratch' | 'lock' | 'store'>,
  suite: string,
  controlOf: (deb: string) => string,
): string {
  const directory = join(place.scratch, 'debs')
  mkdirSync(directory)
  const stanzas = place.lock.packages.map(({ name, version, architecture, sha256, size }) => {
    const file = `${name}_${version.replaceAll(/[:~]/g, '_')}_${architecture}.deb`
    writeFileSync(join(directory, file), place.store.read(`sha256:${sha256}`))
    const control = controlOf(join(directory, file)).trim()
    return `${control}\nFilename: ./${file}\nSize: ${size}\nSHA256: ${sha256}\n`
  })
  // debootstrap overlooks a last paragraph that no empty line ends.
  const index = stanzas.map((stanza) => `${stanza}\n`).join('')
  const components = join(directory, 'dists', suite)
  const below = `main/binary-${place.lock.architecture}/Packages`
  mkdirSync(join(components, dirname(below)), { recursive: true })
  writeFileSync(join(directory, 'Packages'), index)
  writeFileSync(join(components, below), index)
  // mmdebstrap asks apt for the essential packages of a suite by its name.
  const release = (path: string) =>
    `Suite: ${suite}\nCodename: ${suite}\nComponents: main\nArchitectures: ${place.lock.architecture}\nDate: ${new Date().toUTCString()}\n` +
    `SHA256:\n ${hexOf(digestOf(Buffer.from(index)))} ${Buffer.byteLength(index)} ${path}\n`
  writeFileSync(join(directory, 'Release'), release('Packages'))
  writeFileSync(join(components, 'Release'), release(below))
  return directory
}

/** Deletes what the rounds made, and what lies elsewhere because the database's account could not enter the work folder. */
export function cleanUp(place: Place): void {
  const pointer = join(place.home, 'server/database/moved-to')
  if (existsSync(pointer)) {
    const moved = readFileSync(pointer, 'utf8').trim()
    if (/^\/var\/lib\/holotype-database\/[0-9a-f]{16}$/.test(moved)) rmSync(moved, { recursive: true, force: true })
  }
  rmSync(place.scratch, { recursive: true, force: true })
}

async function git(directory: string, ...words: string[]): Promise<void> {
  const identity = ['-c', 'user.name=alice', '-c', 'user.email=alice@acme.example', '-c', 'commit.gpgsign=false']
  await run(['git', ...identity, '-C', directory, ...words])
}

async function commit(directory: string, message: string): Promise<void> {
  await git(directory, 'add', '--all')
  await git(directory, 'commit', '--quiet', '--allow-empty', '--message', message)
}
