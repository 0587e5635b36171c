import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Digest, digestOf, hexOf } from '@holotype/base'
import { createKeyring, initTrust, publishStatement } from '../index.ts'
import type { Keyring } from '../keyring.ts'
import { expiryAfter } from '../publish/documents.ts'
import { siteFetch } from '../publish/published.ts'
import type { ChannelStatement } from '../statement.ts'
import { openTrustClient, type TrustClient } from '../verify/client.ts'

/** A site, its keys, a clock and a hostile network, for tests. */
export interface World extends AsyncDisposable {
  readonly directory: string
  readonly site: string
  readonly keyring: Keyring
  /** The first root file. */
  readonly root: Buffer
  readonly clock: { now: Date }
  /** What a mirror serves instead of the site's own files; `null`: not there. */
  readonly mirror: Map<string, Buffer | null>
  /** What was asked for, in order, with the bytes allowed. */
  readonly asked: { readonly path: string; readonly maxBytes: number }[]
  client(cache?: string): TrustClient
  /** A valid statement whose objects are on the site. */
  statement(number: number, more?: Partial<ChannelStatement>): ChannelStatement
  publish(number: number, more?: Partial<ChannelStatement>): Promise<void>
}

export const START = new Date('2026-11-21T06:00:00Z')

/** In memory, where a flush costs nothing. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export async function makeWorld(channels: readonly string[] = ['web']): Promise<World> {
  const directory = mkdtempSync(join(MEMORY, 'holotype-trust-'))
  const site = join(directory, 'site')
  const keyring = await createKeyring(join(directory, 'keys'), { now: START })
  const clock = { now: START }
  const { root } = await initTrust({ site, keyring, channels, now: clock.now })
  const mirror = new Map<string, Buffer | null>()
  const asked: { path: string; maxBytes: number }[] = []
  const own = siteFetch(site)
  const world: World = {
    directory,
    site,
    keyring,
    root,
    clock,
    mirror,
    asked,
    client: (cache = 'cache') =>
      openTrustClient({
        directory: join(directory, cache),
        initialRoot: root,
        now: () => clock.now,
        fetch: async (path, maxBytes) => {
          asked.push({ path, maxBytes })
          const served = mirror.get(path)
          return served === undefined ? own(path, maxBytes) : (served ?? undefined)
        },
      }),
    statement: (number, more = {}) => ({
      schema: 'holotype.channel/2',
      channel: 'web',
      number,
      issued: expiryAfter(clock.now, 0),
      expires: expiryAfter(clock.now, 30 * 86_400),
      current: {
        image: putObject(site, `image ${number}`),
        packs: [{ index: putObject(site, 'index'), indexSize: 5, pack: putObject(site, 'pack'), size: 4 }],
      },
      reason: 'patch day',
      actor: 'alice@acme.example',
      commit: '0123456789abcdef0123456789abcdef01234567',
      ...more,
    }),
    publish: (number, more) =>
      publishStatement({ site, keyring, now: clock.now, statement: world.statement(number, more) }),
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
  }
  return world
}

export function putObject(site: string, text: string): Digest {
  const digest = digestOf(text)
  const path = join(site, 'objects', hexOf(digest).slice(0, 2), hexOf(digest).slice(2))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return digest
}

export function later(clock: { now: Date }, seconds: number): void {
  clock.now = new Date(clock.now.getTime() + seconds * 1000)
}
