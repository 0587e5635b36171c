import { fail } from '../errors.ts'
import type { Site } from '../site/site.ts'

/** No site: what is not kept cannot be had. Each request throws AGENT_NO_PREVIOUS. */
export const noSite: Site = {
  file: (path) => Promise.reject(notKept(path)),
  object: (digest) => Promise.reject(notKept(digest)),
  range: (digest) => Promise.reject(notKept(digest)),
  fetched: () => 0,
}

function notKept(what: string): Error {
  return fail('AGENT_NO_PREVIOUS', { what: `the node does not keep ${what} of the image before` })
}
