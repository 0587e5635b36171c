import { z } from 'zod'
import { SITE_LIST_BYTES } from '../limits.ts'
import { isSafePath, MIRROR_DIRECTORY } from './layout.ts'
import type { SiteTarget } from './target.ts'

const FILE = `${MIRROR_DIRECTORY}/gone.json`
const schema = z.array(z.tuple([z.string().refine(isSafePath), z.number().int()]))

/** What is listed no more and still there, with the second since when: clients that read the state before finish with it. */
export async function readGone(target: SiteTarget): Promise<Map<string, number>> {
  const bytes = await target.read(FILE, SITE_LIST_BYTES)
  try {
    return new Map(schema.parse(JSON.parse(bytes?.toString() ?? '[]')))
  } catch {
    // Then those files stay: better than none.
    return new Map()
  }
}

export async function writeGone(target: SiteTarget, gone: ReadonlyMap<string, number>): Promise<void> {
  await target.write(FILE, Buffer.from(JSON.stringify([...gone])))
}
