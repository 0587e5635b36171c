import { decompress } from '../archive/decompress.ts'
import { CHANGELOG_BYTES } from '../limits.ts'
import type { ChangelogEntry, PayloadEntry } from '../types.ts'
import { parseChangelog } from './changelog.ts'

/** Where Policy §12.7 puts a package's changelog: that of a native package has no `.Debian`. */
const PATH = /^usr\/share\/doc\/([^/]+)\/changelog(\.Debian)?(\.gz)?$/
/** Changelogs kept of one package: its own and those of packages it has taken in. */
const KEPT = 16

/** Keeps what may be a package's own changelog while its payload goes by. */
export interface ChangelogCollector {
  wants(entry: PayloadEntry): boolean
  add(entry: PayloadEntry, bytes: Buffer): void
  /** The changelog of the package of this name, newest entry first; empty if there is none that can be read. */
  changelogOf(name: string): Promise<ChangelogEntry[]>
}

export function changelogCollector(): ChangelogCollector {
  const kept = new Map<string, Buffer>()
  let room = CHANGELOG_BYTES
  return {
    wants: ({ path, size }) => kept.size < KEPT && size <= room && path.startsWith('usr/share/doc/') && PATH.test(path),
    add({ path, size }, bytes) {
      kept.set(path, bytes)
      room -= size
    },
    async changelogOf(name) {
      for (const file of ['changelog.Debian.gz', 'changelog.Debian', 'changelog.gz', 'changelog']) {
        const bytes = kept.get(`usr/share/doc/${name}/${file}`)
        const entries = bytes && parseChangelog(await textOf(bytes, file.endsWith('.gz')))
        if (entries && entries.length > 0) return entries.map(plainEntry)
      }
      return []
    },
  }
}

/** The text, or as much of it as can be unpacked: a damaged changelog is no damaged package. */
async function textOf(bytes: Buffer, packed: boolean): Promise<string> {
  const chunks: Uint8Array[] = []
  const source = (async function* () {
    yield bytes
  })()
  try {
    const compression = packed ? 'gz' : 'none'
    for await (const chunk of decompress(source, {
      compression,
      limit: CHANGELOG_BYTES,
      limitName: 'CHANGELOG_BYTES',
      what: 'the changelog',
      packed: bytes.length,
    }))
      chunks.push(chunk)
  } catch {
    // What came out before stands.
  }
  return Buffer.concat(chunks).toString('utf8')
}

function plainEntry({ version, author, date, text }: ReturnType<typeof parseChangelog>[number]): ChangelogEntry {
  const time = Date.parse(date)
  return { version, author, date: Number.isNaN(time) ? '' : new Date(time).toISOString(), text }
}
