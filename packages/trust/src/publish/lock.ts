import { withDirectoryLock } from '@holotype/base'
import { fail } from '../errors.ts'

/**
 * Runs `work` while no other process of this machine publishes to the same site.
 * @throws TRUST_BUSY
 */
export function withSiteLock<T>(site: string, work: () => Promise<T>): Promise<T> {
  const busy = (cause: unknown) => fail('TRUST_BUSY', { what: `another process is publishing to ${site}`, cause })
  return withDirectoryLock({ directory: site, purpose: 'trust', busy }, work)
}
