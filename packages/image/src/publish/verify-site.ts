import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '@holotype/base'
import { type Damage, openSource, verifyFiles, verifyRepositories } from '@holotype/repository'
import { openStore } from '@holotype/store'
import { verifyChannels, type VerifiedChannel } from './verify-channels.ts'

export interface VerifySiteOptions {
  /** `http:`, `https:` or `file:`. */
  readonly url: string
  /** A root file that is trusted; without one the site's first is believed, which a thief of the whole site could have replaced. */
  readonly root?: Uint8Array
  readonly now: Date
  readonly progress: Progress
  readonly signal?: AbortSignal
}

export interface VerifiedSite {
  readonly site: string
  readonly serial: number
  readonly files: number
  readonly bytes: number
  readonly channels: readonly Omit<VerifiedChannel, 'damage'>[]
  readonly repositories: readonly { readonly repository: string; readonly packages: number }[]
  readonly damage: readonly Damage[]
}

/** Bytes of a root file. */
const ROOT_FILE_BYTES = 512 * 1024

/**
 * Reads a site or a mirror from outside, over what any web server serves: every file by the site's list, its channels as a node would read them, its
 * repositories as their clients would.
 * @throws SITE_UNLISTED, SITE_LIST_MALFORMED, SITE_CHANGING, FETCH_*, DISK_FULL
 */
export async function verifySite(options: VerifySiteOptions): Promise<VerifiedSite> {
  const { url, now, progress, signal } = options
  await using source = openSource(url, signal ? { signal } : {})
  const scratch = mkdtempSync(join(tmpdir(), 'holotype-verify-'))
  try {
    const files = await verifyFiles(source, progress)
    const root = options.root ?? (await source.read('trust/1.root.json', ROOT_FILE_BYTES))
    const cache = join(scratch, 'trust')
    const channels = root ? await verifyChannels({ source, files, root, cache, now }) : []
    const store = openStore(join(scratch, 'store'))
    const repositories = await verifyRepositories(source, files, { store, now, progress })
    const { site, serial } = files
    return {
      site,
      serial,
      files: files.files,
      bytes: files.bytes,
      channels: channels.map(({ channel, number, images, objects }) => ({ channel, number, images, objects })),
      repositories: repositories.map(({ repository, packages }) => ({ repository, packages })),
      damage: [...files.damage, ...channels.flatMap((one) => one.damage), ...repositories.flatMap((one) => one.damage)],
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
