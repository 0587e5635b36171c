import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeSiteList, type WrittenList } from '@holotype/repository'
import type { Context } from '../context.ts'

/** Lists what the site holds, for mirrors and for who verifies it: after each change. @throws what `writeSiteList` throws */
export function listSite({ home, now }: Context): Promise<WrittenList> {
  return writeSiteList({ site: home.site, notes: join(home.directory, 'site-digests'), now: now() })
}

/** The address of a site that is given by one, or by its directory. */
export function siteUrl(text: string): string {
  return /^(?:https?|file):\/\//.test(text) ? text : pathToFileURL(resolve(text)).href
}
