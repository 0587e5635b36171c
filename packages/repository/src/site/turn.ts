import { join } from 'node:path'
import { inTurn } from '../own/queue.ts'

/**
 * Runs `work` while nobody else of this machine publishes to the site or removes from it; who comes meanwhile waits. Whoever puts files there that
 * something published will name holds it until that is published: between, they look like garbage.
 * @throws REPOSITORY_BUSY
 */
export function inSiteTurn<T>(site: string, work: () => Promise<T>): Promise<T> {
  return inTurn(join(site, 'files'), work)
}
