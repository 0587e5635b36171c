import { fail } from '../errors.ts'
import { ARCHIVE_MEMBERS } from '../limits.ts'
import { decodePax } from './pax.ts'
import { decodeTarHeader, TAR_BLOCK } from './tar-header.ts'

/**
 * The files of a tar archive held in memory: databases of a few small members each (alpm, xbps). Bytes are not copied.
 * @throws PACKAGE_MALFORMED
 */
export function* tarFiles(archive: Buffer): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  let longName: string | undefined
  for (let at = 0, members = 0; at + TAR_BLOCK <= archive.length; members++) {
    if (members > ARCHIVE_MEMBERS)
      throw fail('PACKAGE_TOO_LARGE', { what: `tar: more than ${ARCHIVE_MEMBERS} members` })
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
    if (header.kind === 'pax') longName = decodePax(bytes).get('path')?.toString() ?? longName
    else if (header.kind === 'gnu-long-name') longName = bytes.toString().replace(/\0+$/, '')
    else {
      if (header.kind === 'file') yield { path: longName ?? header.name.toString(), bytes }
      longName = undefined
    }
  }
}
