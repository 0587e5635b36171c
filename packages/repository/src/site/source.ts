import { isErrorCode } from '@holotype/base'
import { type FetcherOptions, type News, openFetcher } from '../fetch/fetcher.ts'
import { fail } from '../errors.ts'
import { SITE_COPIED_AT_ONCE, SITE_LIST_BYTES } from '../limits.ts'
import { LIST_FILE } from './layout.ts'

/** A site that is read: over http, https or from a directory. Nothing of it is believed before its digest has been seen. */
export interface SiteSource extends AsyncDisposable {
  /** Without credentials, with a slash at its end. */
  readonly address: string
  /** Its list, unless it is the one that the server called `etag`; for that it is waited at most `waitSeconds`. @throws SITE_UNLISTED, FETCH_* */
  list(known?: { readonly etag?: string; readonly waitSeconds?: number }): Promise<News>
  /** A small file; undefined where there is none. @throws FETCH_* */
  read(path: string, maxBytes: number): Promise<Buffer | undefined>
  /** A file's bytes from one on, tried once. @throws FETCH_* */
  rest(path: string, size: number, from: number): AsyncIterable<Uint8Array>
}

/** Opens the site at an address (`http:`, `https:`, `file:`); dispose it to close its connections. */
export function openSource(url: string, options: FetcherOptions = {}): SiteSource {
  const base = new URL(url.endsWith('/') ? url : `${url}/`)
  const fetcher = openFetcher({ connections: SITE_COPIED_AT_ONCE, ...options })
  const at = (path: string) => new URL(path.split('/').map(encodeURIComponent).join('/'), base).href
  return {
    address: `${base.protocol}//${base.host}${base.pathname}`,
    async list(known = {}) {
      try {
        return await fetcher.news(at(LIST_FILE), SITE_LIST_BYTES, known)
      } catch (error) {
        if (!isErrorCode(error, 'FETCH_NOT_FOUND')) throw error
        throw fail('SITE_UNLISTED', { what: `${base.href} has no ${LIST_FILE}`, cause: error })
      }
    },
    async read(path, maxBytes) {
      try {
        return (await fetcher.get(at(path), maxBytes)).bytes
      } catch (error) {
        if (isErrorCode(error, 'FETCH_NOT_FOUND')) return undefined
        throw error
      }
    },
    rest: (path, size, from) => fetcher.rest(at(path), size, from),
    [Symbol.asyncDispose]: () => fetcher[Symbol.asyncDispose](),
  }
}
