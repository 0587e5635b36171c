import { hexOf, isErrorCode } from '@holotype/base'
import { decompress, type DecompressOptions } from '../archive/decompress.ts'
import type { FileReader } from '../archive/file-reader.ts'
import { withPackageFile } from '../archive/package-file.ts'
import { readTar } from '../archive/tar-read.ts'
import { fail } from '../errors.ts'
import { CONTROL_BYTES, PAYLOAD_BYTES } from '../limits.ts'
import type { Compression, PackageFile, PayloadVisitor } from '../types.ts'
import { readAr } from './ar.ts'
import { parseStanza, type Stanza } from './control.ts'
import { recordOf, valuesOf } from './record.ts'
import { scriptsOf } from './scripts.ts'

type ControlMembers = Map<string, { readonly bytes: Buffer; readonly mode: number }>

/**
 * Reads a .deb (deb(5), format 2.x) from front to back in one pass; `record.sha256` and `record.size` are those of the file read.
 * Without `visit` the payload is hashed but not decompressed, and so not checked.
 * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, and whatever `visit` throws
 */
export async function readPackage(path: string, visit?: PayloadVisitor): Promise<PackageFile> {
  return withPackageFile(path, visit, async (reader, guarded) => {
    const { stanza, control } = await readMembers(reader, guarded)
    const { size, digest } = await reader.finish()
    const described = recordOf(valuesOf(stanza), {
      complain: (what, cause) => fail('PACKAGE_MALFORMED', { what, cause }),
    })
    return {
      record: { ...described, size, sha256: hexOf(digest), filename: '' },
      fields: stanza,
      control,
      scripts: scriptsOf(control),
      changelog: [],
    }
  })
}

async function readMembers(
  reader: FileReader,
  visit: PayloadVisitor | undefined,
): Promise<{ stanza: Stanza; control: ControlMembers }> {
  let seen: 'nothing' | 'version' | 'control' = 'nothing'
  let control: ControlMembers = new Map()
  for await (const { name, size } of readAr(reader)) {
    if (seen === 'nothing') {
      if (name !== 'debian-binary') throw malformed(`the first member is ${name}, not debian-binary`)
      await checkVersion(reader, size)
      seen = 'version'
    } else if (name.startsWith('_')) {
      // deb(5): members whose name starts with an underscore may stand anywhere between and are passed over.
    } else if (seen === 'version') {
      control = await readControl(reader.stream(size), {
        compression: compressionOf(name, 'control.tar'),
        packed: size,
      })
      seen = 'control'
    } else {
      const compression = compressionOf(name, 'data.tar')
      if (visit)
        await readTar(
          decompress(reader.stream(size), {
            compression,
            limit: PAYLOAD_BYTES,
            limitName: 'PAYLOAD_BYTES',
            what: name,
            packed: size,
          }),
          visit,
        )
      return { stanza: stanzaOf(control), control }
    }
  }
  throw fail('PACKAGE_TRUNCATED', {
    what: `the archive ends before its ${seen === 'control' ? 'data' : 'control'}.tar`,
  })
}

async function checkVersion(reader: FileReader, size: number): Promise<void> {
  const text = size <= 64 ? (await reader.take(size)).toString('latin1') : ''
  if (!/^2\.\d+\n/.test(text)) throw malformed('it is not of the format 2.x that dpkg reads')
}

async function readControl(
  source: AsyncIterable<Uint8Array>,
  options: Pick<DecompressOptions, 'compression' | 'packed'>,
): Promise<ControlMembers> {
  const members: ControlMembers = new Map()
  const bytes = decompress(source, {
    ...options,
    limit: CONTROL_BYTES,
    limitName: 'CONTROL_BYTES',
    what: 'control.tar',
  })
  await readTar(bytes, async (entry, content) => {
    // dpkg unpacks links and reads through them: a file could be another one's text.
    if (entry.type !== 'file' && entry.type !== 'directory')
      throw malformed(`its control.tar: ${entry.path} is a ${entry.type}`)
    if (entry.type === 'directory') return
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    members.set(entry.path, { bytes: Buffer.concat(chunks), mode: entry.mode })
  })
  return members
}

function stanzaOf(control: ControlMembers): Stanza {
  const file = control.get('control')
  if (!file) throw malformed('its control.tar holds no file "control"')
  try {
    return parseStanza(file.bytes.toString('utf8'))
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED'))
      throw fail('PACKAGE_MALFORMED', { what: `its control file: ${error.message}`, cause: error })
    throw error
  }
}

const COMPRESSIONS = new Map<string, Compression>([
  ['', 'none'],
  ['.gz', 'gz'],
  ['.xz', 'xz'],
  ['.zst', 'zst'],
])
/** dpkg reads these too, in a payload alone (deb(5)). */
const OLD_COMPRESSIONS = new Map<string, Compression>([...COMPRESSIONS, ['.bz2', 'bz2'], ['.lzma', 'lzma']])

function compressionOf(name: string, base: 'control.tar' | 'data.tar'): Compression {
  const known = base === 'data.tar' ? OLD_COMPRESSIONS : COMPRESSIONS
  const compression = name.startsWith(base) ? known.get(name.slice(base.length)) : undefined
  if (compression === undefined) throw malformed(`the member ${name} stands where ${base} with .gz, .xz or .zst should`)
  return compression
}

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what })
}
