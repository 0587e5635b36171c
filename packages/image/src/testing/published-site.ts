import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, silent } from '@holotype/base'
import { inSiteTurn, writeSiteList, type WrittenList } from '@holotype/repository'
import { openStore, type Store } from '@holotype/store'
import {
  type ChannelStatement,
  createKeyring,
  initTrust,
  type Keyring,
  openKeyring,
  publishedStatement,
  publishStatement,
} from '@holotype/trust'
import { storeImage } from '../diff/testing/synthetic-image.ts'
import { publishImage } from '../publish/publish-image.ts'

/** A store, keys and a site with the channel `web`, for tests. */
export interface PublishedSite {
  readonly directory: string
  readonly store: Store
  readonly keyring: Keyring
  /** Publishes a small image and makes the channel lead to it, as `holotype rollout start` does. */
  publish(files: Readonly<Record<string, string>>, now?: Date): Promise<ChannelStatement>
  list(now?: Date): Promise<WrittenList>
}

const DAY = 86_400_000

/** Below a folder; the same one for every process that names the folder, once it was made. */
export async function publishedSite(folder: string, made = false): Promise<PublishedSite> {
  const directory = join(folder, 'site')
  mkdirSync(directory, { recursive: true })
  const keyring = made ? await openKeyring(join(folder, 'keys')) : await createKeyring(join(folder, 'keys'))
  // Long ago, with metadata that lasts, so that a test may say what time it is.
  if (!made)
    await initTrust({
      site: directory,
      keyring,
      channels: ['web'],
      now: new Date(),
      expires: { timestamp: 9e7, snapshot: 9e7 },
    })
  const store = openStore(join(folder, 'store'))
  const whole = (time: Date) => `${time.toISOString().slice(0, 19)}Z`
  return {
    directory,
    store,
    keyring,
    list: (now = new Date()) => writeSiteList({ site: directory, notes: join(folder, 'digests'), now }),
    publish: (files, now = new Date()) =>
      inSiteTurn(directory, async () => {
        const image: Digest = storeImage(store, { packages: [{ name: 'one', version: '1', files }] })
        const before = await publishedStatement({ site: directory, keyring, channel: 'web' })
        const onto = before?.current.packs ?? []
        const current = await publishImage({ store, site: openStore(directory), image, onto, progress: silent })
        const statement: ChannelStatement = {
          schema: 'holotype.channel/2',
          channel: 'web',
          number: (before?.number ?? 0) + 1,
          issued: whole(now),
          expires: whole(new Date(now.getTime() + 30 * DAY)),
          current,
          reason: 'patch day',
          actor: 'alice@acme.example',
          commit: '0123456789abcdef0123456789abcdef01234567',
        }
        const expires = { timestamp: 9e7, snapshot: 9e7 }
        await publishStatement({ site: directory, keyring, statement, now, expires })
        return statement
      }),
  }
}
