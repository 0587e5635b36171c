import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf } from '@holotype/base'
import type { HealthChecks, ImageManifest, ImageTrigger, ThrottleSettings } from '@holotype/image'
import {
  buildTree,
  type EntryInput,
  objectsOf,
  openStore,
  type PathInput,
  type Store,
  writePack,
} from '@holotype/store'
import {
  type ChannelStatement,
  type ChannelTarget,
  createKeyring,
  initTrust,
  type Keyring,
  publishStatement,
} from '@holotype/trust'
import { enrol, type EnrolOptions } from '../enrol.ts'
import { runOnce, type RunOnceOptions, type RunOutcome } from '../run-once.ts'
import { formatEnrolmentToken } from '../token.ts'
import { type FakeServer, startFakeServer } from './fake-server.ts'
import { serveSite, type StaticSite } from './static-site.ts'

export const UID = process.getuid?.() ?? 0
export const GID = process.getgid?.() ?? 0
export const isRoot = UID === 0
/** The real time, as the program itself has no other clock: a fixed one would expire. */
const START = Math.floor(Date.now() / 1000) * 1000
const MTIME = 1_700_000_000

/** A path as tests write it: a text is a file's content, `[target]` a symlink, null a directory. */
export type Sketch = Readonly<Record<string, string | Buffer | readonly [string] | null | EntryInput>>

export interface ImageOptions {
  readonly exclusions?: readonly string[]
  readonly triggers?: readonly ImageTrigger[]
  /** Groups of absolute paths, each one inode. */
  readonly hardlinks?: readonly (readonly string[])[]
  readonly health?: HealthChecks
  readonly throttle?: ThrottleSettings
  /** Paths by owner. */
  readonly owners?: Readonly<Record<string, readonly string[]>>
}

/** A site with real keys, real packs and a real statement, a server, and one enrolled node. */
export interface World extends AsyncDisposable {
  readonly directory: string
  readonly site: string
  readonly store: Store
  readonly keyring: Keyring
  readonly mirror: StaticSite
  readonly server: FakeServer
  readonly root: string
  readonly state: string
  readonly clock: { now: number }
  /** Puts an image and its pack on the site. */
  image(sketch: Sketch, options?: ImageOptions): Promise<ChannelTarget>
  publish(number: number, current: ChannelTarget, more?: Partial<ChannelStatement>): Promise<void>
  enrol(sites?: readonly string[], more?: Partial<EnrolOptions>): Promise<void>
  run(options?: Partial<RunOnceOptions>): Promise<RunOutcome>
}

/** In memory, where a flush costs nothing: what outlives a power cut is power-cut.test.ts' matter. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** `parent`: where its directory is made. */
export async function makeWorld(parent: string = MEMORY): Promise<World> {
  const directory = mkdtempSync(join(parent, 'holotype-agent-'))
  const site = join(directory, 'site')
  mkdirSync(site)
  const keyring = await createKeyring(join(directory, 'keys'), { now: new Date(START) })
  const { root: trustRoot } = await initTrust({ site, keyring, channels: ['web'], now: new Date(START) })
  const store = openStore(site)
  const mirror = await serveSite(site)
  const server = await startFakeServer()
  const clock = { now: START }
  let runs = 0
  const world: World = {
    directory,
    site,
    store,
    keyring,
    mirror,
    server,
    clock,
    root: join(directory, 'root'),
    state: join(directory, 'state'),
    image: (sketch, options) => makeImage(store, sketch, options),
    publish: (number, current, more = {}) =>
      publishStatement({
        site,
        keyring,
        now: new Date(clock.now),
        statement: {
          schema: 'holotype.channel/2',
          channel: 'web',
          number,
          issued: isoSeconds(clock.now),
          expires: isoSeconds(clock.now + 30 * 86_400_000),
          current,
          reason: 'test',
          actor: 'alice@acme.example',
          commit: '0123456789abcdef0123456789abcdef01234567',
          ...more,
        },
      }),
    async enrol(sites = [mirror.url], more = {}) {
      await enrol({
        server: server.url,
        sites,
        token: formatEnrolmentToken({ secret: 'a-secret-that-is-good-once', version: 1, root: digestOf(trustRoot) }),
        root: world.root,
        state: world.state,
        hostname: 'web1.example',
        ...more,
      })
    },
    run: (options = {}) =>
      runOnce({
        state: world.state,
        now: () => clock.now,
        newId: () => `run-${++runs}`,
        idleMs: 500,
        retryMs: 5,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  return world
}

/** Composes an image from a sketch by hand; directories between are made up. */
export async function makeImage(store: Store, sketch: Sketch, options: ImageOptions = {}): Promise<ChannelTarget> {
  const tree = buildTree(store, inputsOf(store, sketch))
  const empty = store.putJson([])
  const manifest = {
    schema: 'holotype.image/1',
    name: 'web',
    format: 'deb',
    architecture: 'amd64',
    root: { tree: tree.digest, mode: 0o755, uid: UID, gid: GID, mtime: MTIME },
    stats: tree.stats,
    lock: empty,
    spec: empty,
    packages: empty,
    owners: store.putJson(options.owners ?? {}),
    ...(options.hardlinks ? { hardlinks: store.putJson(options.hardlinks) } : {}),
    exclusions: options.exclusions ?? [],
    triggers: options.triggers ?? [],
    ...(options.health ? { health: options.health } : {}),
    ...(options.throttle ? { throttle: options.throttle } : {}),
  } satisfies ImageManifest
  const image = store.putJson(manifest)
  const { index, indexSize, pack, size } = await writePack(store, objectsOf(store, tree.digest), store)
  return { image, packs: [{ index, indexSize, pack, size }] }
}

export function inputsOf(store: Store, sketch: Sketch): PathInput[] {
  const inputs = new Map<string, PathInput>()
  for (const [path, what] of Object.entries(sketch)) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      if (!inputs.has(parent)) inputs.set(parent, { path: parent, entry: entryOf(store, null) })
    }
    inputs.set(path, { path, entry: entryOf(store, what) })
  }
  return [...inputs.values()]
}

const OWNED = { uid: UID, gid: GID, mtime: MTIME } as const

export function entryOf(store: Store, what: Sketch[string]): EntryInput {
  if (what === null) return { ...OWNED, type: 'directory', mode: 0o755 }
  if (typeof what === 'string' || Buffer.isBuffer(what)) {
    const bytes = Buffer.from(what)
    const digest: Digest = store.put(bytes)
    return { ...OWNED, type: 'file', mode: 0o644, digest, size: bytes.length }
  }
  if ('type' in what) return what
  return { ...OWNED, type: 'symlink', mode: 0o777, target: what[0] }
}

function isoSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.[0-9]+Z$/, 'Z')
}
