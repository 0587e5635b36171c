import { statfsSync } from 'node:fs'
import { type Digest, failBase, isErrorCode, type Progress } from '@holotype/base'
import type { FileEntry } from '@holotype/store'
import { readThrough } from '../state/hash-file.ts'
import type { ObjectFolder } from '../state/objects.ts'
import type { Plan } from '../tree/plan.ts'
import type { Packs } from './packs.ts'

/**
 * Brings every file that a plan writes into the staging folder, verified: what an earlier run left there, what the root holds already
 * under another name, and the rest from the packs. Nothing of the root changes before all of it is there.
 * @throws DISK_FULL before anything is fetched when it cannot fit; AGENT_OBJECT_*, AGENT_SITE_UNREACHABLE
 */
export async function stage(options: {
  readonly root: string
  readonly plan: Plan
  readonly packs: Packs
  readonly staged: ObjectFolder
  readonly progress: Progress
}): Promise<void> {
  const { root, plan, packs, staged, progress } = options
  const files = new Map<Digest, FileEntry>()
  for (const { entry } of plan.leaves) if (entry.type === 'file') files.set(entry.digest, entry)
  const wanted = new Set<Digest>()
  let bytes = 0
  for (const [digest, { size }] of files) {
    if (staged.has(digest, size)) continue
    const held = plan.held.get(digest)
    if (held !== undefined && copyObject(staged, digest, root === '/' ? held : root + held)) continue
    wanted.add(digest)
    bytes += size
  }
  const { bavail, bsize } = statfsSync(staged.directory)
  if (bytes > bavail * bsize)
    throw failBase('DISK_FULL', {
      what: `${bytes} bytes are to be fetched and the file system of the state directory has room for ${bavail * bsize}`,
      hint: 'free some space: nothing was changed, the next run goes on',
    })
  await packs.fetch(
    wanted,
    { wants: (digest) => wanted.has(digest), put: staged.put, begin: staged.begin },
    { progress, title: 'fetch files' },
  )
}

/** Copies an object from a file that should hold it; false when it does not (any more). @throws DISK_FULL */
export function copyObject(into: ObjectFolder, digest: Digest, source: string): boolean {
  try {
    const writer = into.begin(digest)
    try {
      readThrough(source, (chunk) => writer.write(chunk))
      writer.end()
      return true
    } finally {
      writer.abort()
    }
  } catch (error) {
    if (isErrorCode(error, 'DISK_FULL')) throw error
    return false
  }
}
