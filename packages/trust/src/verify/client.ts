import type { ChannelStatement } from '../statement.ts'
import { type Cache, openCache } from './cache.ts'
import type { TrustFetch } from './fetch.ts'
import { refresh } from './refresh.ts'

export interface TrustClientOptions {
  /** The cache: a directory of its own, made with mode 0700 if absent. Belongs to one distribution, and to one process at a time. */
  readonly directory: string
  /** A root file of the site, of any version, that was handed over by a trusted way. */
  readonly initialRoot: Uint8Array
  readonly fetch: TrustFetch
  readonly now: () => Date
  /**
   * Called with each verified root file that follows, before it is in force: whoever keeps `initialRoot` puts it in that one's place, so that keys that
   * were revoked count for nothing even when the cache is lost.
   */
  readonly onRoot?: (root: Uint8Array) => void
}

export interface TrustClient {
  /**
   * The channel's newest statement, verified from the root down (TUF 1.0 §5.3 to §5.7). `changed`: it is not the one the last refresh
   * gave. If the site's timestamp is the one already verified, that one file is all that is fetched. A failure leaves the last verified
   * state in the cache; the next call starts from there.
   * @throws METADATA_MISSING, METADATA_MALFORMED, METADATA_TOO_LARGE, METADATA_UNSIGNED, METADATA_EXPIRED, METADATA_ROLLBACK,
   * METADATA_MISMATCH, ROOT_CHAIN_TOO_LONG, CHANNEL_UNKNOWN, STATEMENT_MISSING, STATEMENT_MALFORMED, STATEMENT_ROLLBACK, DISK_FULL
   */
  refresh(channel: string): Promise<{ readonly statement: ChannelStatement; readonly changed: boolean }>
}

/** A TUF client of one site: pins its root, caches what it verified, never goes back. */
export function openTrustClient(options: TrustClientOptions): TrustClient {
  const { initialRoot, fetch, now, onRoot } = options
  const own = openCache(options.directory)
  const cache: Cache = {
    ...own,
    write(name, bytes) {
      // First: ended between the two, the next refresh comes by here again.
      if (name === 'root') onRoot?.(bytes)
      own.write(name, bytes)
    },
  }
  return { refresh: (channel) => refresh({ cache, initialRoot, fetch, now: now() }, channel) }
}
