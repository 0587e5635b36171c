import { fail } from '../errors.ts'
import { CHANGELOG_ENTRIES, INDEX_BYTES } from '../limits.ts'
import type { ChangelogEntry } from '../types.ts'
import { changelogEntry } from './scripts.ts'
import { type XmlReader, xmlReader } from './xml.ts'

/**
 * The changelogs of an other.xml, by the packages' SHA-256 (`pkgid`): of those `wanted`, or of all. Newest first, though the file has the
 * oldest first. createrepo_c keeps the ten youngest entries of each unless told otherwise.
 * @throws REPOSITORY_MALFORMED
 */
export function parseChangelogs(
  bytes: Uint8Array,
  wanted?: ReadonlySet<string>,
): ReadonlyMap<string, readonly ChangelogEntry[]> {
  if (bytes.length > INDEX_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `other.xml is larger than INDEX_BYTES (${INDEX_BYTES})` })
  const xml = xmlReader(bytes, 'other.xml')
  const found = new Map<string, readonly ChangelogEntry[]>()
  let root = false
  for (let event = xml.next(); event !== 'end'; event = xml.next()) {
    if (event !== 'open') continue
    const name = xml.name()
    if (!root) {
      if (name !== 'otherdata') throw xml.malformed(`<otherdata> is expected, <${name}> is there`)
      root = true
    } else if (name === 'package') {
      const pkgid = xml.attribute('pkgid') ?? ''
      if (!/^[0-9a-f]{64}$/.test(pkgid)) throw xml.malformed(`the pkgid "${pkgid.slice(0, 140)}" is no SHA-256`)
      if (wanted === undefined || wanted.has(pkgid)) found.set(pkgid, readChangelog(xml))
      else xml.skip()
    } else xml.skip()
  }
  return found
}

function readChangelog(xml: XmlReader): ChangelogEntry[] {
  const entries: ChangelogEntry[] = []
  for (let event = xml.next(); event !== 'close'; event = xml.next()) {
    if (event !== 'open') continue
    if (xml.name() !== 'changelog') {
      xml.skip()
      continue
    }
    if (entries.length >= CHANGELOG_ENTRIES)
      throw xml.malformed(`a changelog has more than CHANGELOG_ENTRIES (${CHANGELOG_ENTRIES})`)
    const author = xml.attribute('author') ?? ''
    const date = xml.attribute('date') ?? ''
    if (!/^\d{1,11}$/.test(date)) throw xml.malformed(`"${date.slice(0, 40)}" is no date of a changelog`)
    entries.push(changelogEntry(author, Number(date), xml.content()))
  }
  return entries.reverse()
}
