import { fail } from '../errors.ts'
import { ARCHIVE_MEMBERS, TAR_EXTENSION_BYTES } from '../limits.ts'
import { decodePax, type PaxRecords } from './pax.ts'
import { decodeTarHeader, TAR_BLOCK, type TarHeader, untilNul } from './tar-header.ts'

/**
 * The files of a tar archive held in memory: databases of a few small members each (alpm, xbps). Bytes are not copied.
 * @throws PACKAGE_MALFORMED
 */
export function* tarFiles(archive: Buffer): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  let longName: string | undefined
  for (let at = 0, members = 0; at + TAR_BLOCK <= archive.length; members++) {
    if (members > ARCHIVE_MEMBERS)
      throw fail('PACKAGE_TOO_LARGE', { what: `tar: more than ARCHIVE_MEMBERS, ${ARCHIVE_MEMBERS} members` })
    const header = decodeTarHeader(archive.subarray(at, at + TAR_BLOCK))
    if (!header) return
    const begin = at + TAR_BLOCK
    const end = begin + header.size
    if (end > archive.length)
      throw fail('PACKAGE_MALFORMED', {
        what: `tar: the member at byte ${at} has ${header.size} bytes, more than follow`,
      })
    const bytes = archive.subarray(begin, end)
    at = begin + Math.ceil(header.size / TAR_BLOCK) * TAR_BLOCK
    if (isExtension(header.kind) && header.size > TAR_EXTENSION_BYTES)
      throw fail('PACKAGE_MALFORMED', {
        what: `tar: an extended header at byte ${begin} has ${header.size} bytes; TAR_EXTENSION_BYTES is ${TAR_EXTENSION_BYTES}`,
      })
    if (header.kind === 'pax') longName = pathOf(decodePax(bytes)) ?? longName
    else if (header.kind === 'gnu-long-name') longName = untilNul(bytes).toString()
    else if (isExtension(header.kind)) continue
    else {
      if (header.kind === 'file') yield { path: longName ?? header.name.toString(), bytes }
      longName = undefined
    }
  }
}

function isExtension(kind: TarHeader['kind']): boolean {
  return kind === 'pax' || kind === 'pax-global' || kind === 'gnu-long-name' || kind === 'gnu-long-link'
}

/** The path in an extended header. One that says another size, or that the member is sparse, is made by no tool: readers would differ. */
function pathOf(records: PaxRecords): string | undefined {
  for (const keyword of records.keys())
    if (keyword === 'size' || keyword.startsWith('GNU.'))
      throw fail('PACKAGE_MALFORMED', { what: `tar: an extended header holds ${keyword.slice(0, 100)}` })
  return records.get('path')?.toString()
}
