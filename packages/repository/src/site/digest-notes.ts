import { readFileSync, type Stats } from 'node:fs'
import { errnoOf, isDigest, writeFileAtomic } from '@holotype/base'
import { z } from 'zod'
import { SITE_NOTE_SETTLED_MS } from '../limits.ts'

const fileSchema = z.object({
  name: z.string(),
  /** By what it is known again; empty where it had changed just then. */
  seen: z.string(),
  size: z.number(),
  digest: z.string().refine(isDigest),
  modified: z.number().optional(),
})

const directorySchema = z.object({
  /** As of a file. */
  seen: z.string(),
  directories: z.array(z.string()),
  files: z.array(fileSchema),
  links: z.array(z.object({ name: z.string(), link: z.string() })),
})

const notesSchema = z.record(z.string(), directorySchema)

/** A file of a site as it was when it was read last. */
export type NotedFile = Readonly<z.infer<typeof fileSchema>>

/** What of a directory is published. */
export type NotedDirectory = Readonly<z.infer<typeof directorySchema>>

/** What stood in a site's directories when they were read last, so that what did not change is not read again. */
export interface DigestNotes {
  recall(directory: string): NotedDirectory | undefined
  remember(directory: string, found: NotedDirectory): void
  /** By what a file or directory is known again; empty where it changed just now, for a second change could fall into the same tick of the clock. */
  seen(facts: Stats): string
  /** Writes what was remembered, and forgets the rest. @throws DISK_FULL */
  close(): void
}

/**
 * Opens the notes in a file. What is published is replaced by renames, which change the times of its directory: one that is the same by inode and times holds
 * the same files. So bit rot is not listed as if it were news, and listing a site costs a look at each directory.
 */
export function openDigestNotes(file: string): DigestNotes {
  const before = readNotes(file)
  const after: Record<string, NotedDirectory> = {}
  const settled = Date.now() - SITE_NOTE_SETTLED_MS
  let changed = false
  return {
    recall: (directory) => before.get(directory),
    remember(directory, found) {
      after[directory] = found
      if (before.get(directory) !== found) changed = true
    },
    seen({ ino, size, mtimeMs, ctimeMs }) {
      return Math.max(mtimeMs, ctimeMs) < settled ? `${ino} ${size} ${mtimeMs} ${ctimeMs}` : ''
    },
    close() {
      if (changed || Object.keys(after).length !== before.size) writeFileAtomic(file, JSON.stringify(after))
    },
  }
}

/** Notes that cannot be read are none: all is read anew. */
function readNotes(file: string): ReadonlyMap<string, NotedDirectory> {
  try {
    const notes = notesSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    return new Map(Object.entries(notes.data ?? {}))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return new Map()
    throw error
  }
}
