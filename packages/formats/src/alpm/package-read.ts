import { hexOf } from '@holotype/base'
import { decompress } from '../archive/decompress.ts'
import type { FileReader } from '../archive/file-reader.ts'
import { withPackageFile } from '../archive/package-file.ts'
import { libarchiveGuard } from '../archive/libarchive-guard.ts'
import { compressionOf } from '../archive/sniff.ts'
import { readTar } from '../archive/tar-read.ts'
import { fail } from '../errors.ts'
import { CONTROL_BYTES, PAYLOAD_BYTES } from '../limits.ts'
import type { PackageFile, PayloadVisitor } from '../types.ts'
import { scriptsOf } from './install-script.ts'
import { parsePkginfo } from './pkginfo.ts'
import { recordOf, valuesOf } from './record.ts'

type Metadata = Map<string, { readonly bytes: Buffer; readonly mode: number }>

/**
 * Reads a package of pacman's from front to back in one pass: a tar, compressed or not, whose members with a leading dot (.PKGINFO, .BUILDINFO,
 * .INSTALL, .MTREE, .CHANGELOG) are metadata and come first. `record.sha256` and `record.size` are those of the file read.
 * Without `visit` nothing is decompressed past the metadata, and so not checked.
 * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, and whatever `visit` throws
 */
export async function readPackage(path: string, visit?: PayloadVisitor): Promise<PackageFile> {
  return withPackageFile(path, visit, async (reader, guarded) => {
    const control = await readMembers(reader, guarded)
    const { size, digest } = await reader.finish()
    const pkginfo = control.get('.PKGINFO')
    if (!pkginfo) throw malformed('it holds no .PKGINFO before its files')
    const fields = parsePkginfo(pkginfo.bytes.toString('utf8'), malformed)
    const described = recordOf(valuesOf(fields), { complain: malformed })
    const record = { ...described, size, sha256: hexOf(digest) }
    return { record, fields, control, scripts: scriptsOf(control.get('.INSTALL')?.bytes), changelog: [] }
  })
}

async function readMembers(reader: FileReader, visit: PayloadVisitor | undefined): Promise<Metadata> {
  // Told from its first six bytes, as libarchive does, whatever its name ends in.
  const head = await reader.take(Math.min(6, reader.remaining))
  const compression = compressionOf(head)
  const packed = head.length + reader.remaining
  const bytes = decompress(chunksOf(head, reader), {
    compression,
    limit: PAYLOAD_BYTES,
    limitName: 'PAYLOAD_BYTES',
    what: 'the package',
    packed,
  })
  const control: Metadata = new Map()
  const enough = new Error('the metadata is read')
  let payloadBegun = false
  let left = CONTROL_BYTES
  try {
    await readTar(libarchiveGuard(bytes, { dotSlash: 'refused' }), async (entry, content) => {
      if (!entry.path.startsWith('.')) {
        if (!visit && control.has('.PKGINFO')) throw enough
        // pacman passes the root itself over; it stands before or between.
        payloadBegun ||= entry.path !== ''
        await visit?.(entry, content)
        return
      }
      // pacman passes over what else has a leading dot.
      if (entry.type !== 'file' || entry.path.includes('/')) return
      // One reader that stops at the files and one that reads on would see different packages.
      if (payloadBegun) throw malformed(`${entry.path} stands behind the package's files`)
      if (control.has(entry.path)) throw malformed(`${entry.path} stands in it twice`)
      left -= entry.size
      if (left < 0)
        throw fail('PACKAGE_TOO_LARGE', { what: `its metadata has more than CONTROL_BYTES, ${CONTROL_BYTES} bytes` })
      const chunks: Uint8Array[] = []
      for await (const chunk of content) chunks.push(chunk)
      control.set(entry.path, { bytes: Buffer.concat(chunks), mode: entry.mode })
    })
  } catch (error) {
    if (error !== enough) throw error
  }
  return control
}

async function* chunksOf(head: Buffer, reader: FileReader): AsyncGenerator<Buffer, void, undefined> {
  if (head.length > 0) yield head
  yield* reader.stream(reader.remaining)
}

function malformed(what: string, cause?: unknown): Error {
  return fail('PACKAGE_MALFORMED', { what, cause })
}
