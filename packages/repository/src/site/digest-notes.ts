import { readFileSync, type Stats } from 'node:fs'
import { type Digest, errnoOf, isDigest, writeFileAtomic } from '@holotype/base'
import { SITE_NOTE_SETTLED_MS } from '../limits.ts'

/** What files had which digest when they were read last, so that an unchanged one is not read again. */
export interface DigestNotes {
  recall(path: string, facts: Stats): Digest | undefined
  remember(path: string, facts: Stats, digest: Digest): void
  /** Writes what was asked for or remembered, and forgets the rest. */
  close(): void
}

/**
 * Opens the notes in a file. A file is the same while inode, size and times of data and inode are; one that changed within the last moments is not
 * noted, for a second change could fall into the same tick of the file system's clock.
 * @throws DISK_FULL (on close)
 */
export function openDigestNotes(file: string): DigestNotes {
  const before = readNotes(file)
  const after = new Map<string, string>()
  const opened = Date.now()
  const read = (path: string, facts: Stats): Digest | undefined => {
    const note = before.get(path)
    const digest = note?.slice(note.lastIndexOf(' ') + 1)
    if (digest === undefined || !isDigest(digest) || note !== `${seen(facts)} ${digest}`) return undefined
    after.set(path, note)
    return digest
  }
  return {
    recall: read,
    remember(path, facts, digest) {
      if (Math.max(facts.mtimeMs, facts.ctimeMs) < opened - SITE_NOTE_SETTLED_MS)
        after.set(path, `${seen(facts)} ${digest}`)
    },
    close() {
      const same = after.size === before.size && [...after].every(([path, note]) => before.get(path) === note)
      if (!same) writeFileAtomic(file, [...after].map(([path, note]) => `${path}\t${note}\n`).join(''))
    },
  }
}

function seen({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
}

function readNotes(file: string): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return new Map(
      lines.flatMap((line): [string, string][] => {
        const [path, note] = line.split('\t')
        return path === undefined || note === undefined ? [] : [[path, note]]
      }),
    )
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map()
    throw error
  }
}
