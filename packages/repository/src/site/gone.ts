import { z } from 'zod'
import { SITE_LIST_BYTES } from '../limits.ts'
import { pathsOf } from './changes.ts'
import { isSafePath, MIRROR_DIRECTORY } from './layout.ts'
import type { SiteList } from './site-list.ts'
import type { SiteTarget } from './target.ts'

const FILE = `${MIRROR_DIRECTORY}/gone.json`
const schema = z.array(z.tuple([z.string().refine(isSafePath), z.number().int(), z.number().int().min(0)]))

/** What is listed no more. */
export interface GonePath {
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** Of what is listed no more and still there, for clients that read the state before: the second since when, and its bytes. */
export type Gone = Map<string, { readonly since: number; readonly size: number }>

export async function readGone(target: SiteTarget): Promise<Gone> {
  const bytes = await target.read(FILE, SITE_LIST_BYTES)
  try {
    const rows = schema.parse(JSON.parse(bytes?.toString() ?? '[]'))
    return new Map(rows.map(([path, since, size]) => [path, { since, size }]))
  } catch {
    // Then those files stay: better than none.
    return new Map()
  }
}

export async function writeGone(target: SiteTarget, gone: Gone): Promise<void> {
  await target.write(FILE, Buffer.from(JSON.stringify([...gone].map(([path, { since, size }]) => [path, since, size]))))
}

/**
 * Lets go of what is listed no more since `until`, in seconds since the epoch, or before; gives how many. What the list that is shown names stays, whatever was
 * noted: a copy that was ended may have shown it again. `shown` reads that list, where there is something to let go of.
 * @throws SITE_LIST_MALFORMED
 */
export async function removeGone(
  target: SiteTarget,
  shown: () => Promise<SiteList | undefined>,
  until: number,
): Promise<number> {
  const gone = await readGone(target)
  const old = [...gone].filter(([, { since }]) => since <= until).map(([path]) => path)
  if (old.length === 0) return 0
  const list = await shown()
  const listed = list && (await pathsOf(target, list))
  if (!listed) return 0
  let removed = 0
  for (const path of old) {
    gone.delete(path)
    if (listed.has(path)) continue
    await target.remove(path)
    removed++
  }
  await writeGone(target, gone)
  return removed
}
