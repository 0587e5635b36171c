import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrorCode, syncDirectory, writeFileAtomic } from '@holotype/base'
import { TIMESTAMP_BYTES } from '../limits.ts'
import { TIMESTAMP_FILE } from '../roles.ts'
import type { SiteOptions } from '../site.ts'
import { memoryCache } from '../verify/cache.ts'
import { get, type TrustFetch } from '../verify/fetch.ts'
import { followToTargets, refresh } from '../verify/refresh.ts'
import { trustedRoot, updateRoot } from '../verify/root-chain.ts'
import type { SiteFile } from './documents.ts'
import { siteFetch } from './published.ts'

export interface Rehearsal {
  /** The root file a client may have now. */
  readonly rootBytes: Buffer
  /** The channel the publish is about; without one, only what all channels share is looked at. */
  readonly channel?: string
}

/**
 * Writes files to the site in their order, each durable before the next begins. First a client is let loose on the site as it will be: what no
 * client would accept (a key that the root does not name, an expiry in the past) is never published.
 * @throws METADATA_*, STATEMENT_*, DISK_FULL
 */
export async function commit(options: SiteOptions, files: readonly SiteFile[], rehearsal: Rehearsal): Promise<void> {
  await rehearse(options, files, rehearsal)
  for (const file of files) {
    writeSiteFile(options.site, file)
    options.onWritten?.(file.path)
  }
}

/** A client that has a root file now takes the site as it will be. @throws METADATA_*, STATEMENT_* */
export async function rehearse(options: SiteOptions, files: readonly SiteFile[], rehearsal: Rehearsal): Promise<void> {
  const coming = new Map(files.map((file) => [file.path, file.bytes]))
  const present = siteFetch(options.site)
  const fetch: TrustFetch = async (path, maxBytes) => coming.get(path) ?? present(path, maxBytes)
  const session = { cache: memoryCache(), initialRoot: rehearsal.rootBytes, fetch, now: options.now }
  if (rehearsal.channel === undefined) {
    const root = await updateRoot(session.cache, fetch, trustedRoot(session.cache, rehearsal.rootBytes), options.now)
    await followToTargets(session, root, await get(fetch, TIMESTAMP_FILE, TIMESTAMP_BYTES))
    return
  }
  try {
    await refresh(session, rehearsal.channel)
  } catch (error) {
    // A new channel has none yet; all above it has been verified when this is found.
    if (!isErrorCode(error, 'STATEMENT_MISSING')) throw error
  }
}

function writeSiteFile(site: string, file: SiteFile): void {
  const path = join(site, file.path)
  const directory = dirname(path)
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true })
    syncDirectory(site)
  }
  writeFileAtomic(path, file.bytes)
}
