import { formatBytes } from '@holotype/base'
import { verifySite, type VerifiedSite } from '@holotype/image'
import { failRepository } from '@holotype/repository'
import type { Context } from '../../context.ts'
import { readGivenFile } from '../../work/given-file.ts'
import type { CommonFlags } from '../../flags.ts'
import { count } from '../../view/words.ts'
import { siteUrl } from '../../work/site.ts'

export type Flags = CommonFlags & { readonly root?: string }

/** Paths that an error's own line names. */
const NAMED = 5

/**
 * Reads a site or a mirror from outside, all of it.
 * @throws SITE_DAMAGED, SITE_UNLISTED, SITE_LIST_MALFORMED, SITE_CHANGING, FETCH_*
 */
export async function run(context: Context, flags: Flags, site?: string): Promise<VerifiedSite> {
  const { progress, now, signal } = context
  const url = siteUrl(site ?? context.home.site)
  const root = flags.root === undefined ? {} : { root: readGivenFile('--root', flags.root) }
  const verified = await verifySite({ url, progress, now: now(), signal, ...root })
  const { damage } = verified
  if (damage.length === 0) return verified
  for (const { path, what } of damage) progress({ kind: 'note', level: 'warning', text: `${path} ${what}` })
  const named = damage.slice(0, NAMED).map(({ path, what }) => `${path} ${what}`)
  const more = damage.length > NAMED ? `; and ${damage.length - NAMED} more` : ''
  throw failRepository('SITE_DAMAGED', { what: `${url}: ${named.join('; ')}${more}`, data: { ...verified } })
}

export function show({ serial, files, bytes, channels, repositories }: VerifiedSite): string {
  const lines = [
    `serial ${serial}: ${count(files, 'file')} of ${formatBytes(bytes)}, each as listed`,
    ...channels.map(
      ({ channel, number, images, objects }) =>
        `channel ${channel}: ${number === null ? 'no statement yet' : `statement ${number}, ${count(images, 'image')}, ${count(objects, 'object')}`}`,
    ),
    ...repositories.map(
      ({ repository, packages }) => `${repository}: ${count(packages, 'package')}, each as its index says`,
    ),
  ]
  return `${lines.join('\n')}\n`
}
