import { digester, hexOf } from '@holotype/base'
import { decompress } from '../archive/decompress.ts'
import type { FileReader } from '../archive/file-reader.ts'
import { withPackageFile } from '../archive/package-file.ts'
import { libarchiveGuard } from '../archive/libarchive-guard.ts'
import { pathGuard } from '../archive/path-guard.ts'
import { readTar } from '../archive/tar-read.ts'
import { fail } from '../errors.ts'
import { CONTROL_BYTES, PAYLOAD_BYTES } from '../limits.ts'
import type { PackageFile, PackageScript, PayloadEntry, PayloadVisitor } from '../types.ts'
import { compressionOf } from '../archive/sniff.ts'
import { type FileList, fileListOf } from './files-plist.ts'
import { parsePlist, type PlistDictionary } from './plist.ts'
import { fieldsOf, MESSAGES, recordProperties } from './props.ts'
import { recordOf } from './record.ts'

type Control = Map<string, { readonly bytes: Buffer; readonly mode: number }>

interface Metadata {
  readonly props: PlistDictionary
  readonly files: FileList
}

const METADATA = new Set(['INSTALL', 'REMOVE', 'props.plist', 'files.plist'])

/**
 * Reads a package of xbps from front to back: a tar, whole compressed, that begins with INSTALL, REMOVE, props.plist and files.plist in any
 * order. With `visit`, each file is held against its digest in files.plist, and the list against the files. Directories come first, as
 * files.plist lists them: the archive has none. Without `visit` the file is hashed but decompressed to the end of its metadata only.
 * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, and whatever `visit` throws
 */
export async function readPackage(path: string, visit?: PayloadVisitor): Promise<PackageFile> {
  return withPackageFile(path, visit, async (reader, guarded) => {
    const control: Control = new Map()
    const { props } = await readArchive(reader, control, guarded)
    const { size, digest } = await reader.finish()
    return packageOf(props, control, { size, sha256: hexOf(digest) })
  })
}

function packageOf(
  props: PlistDictionary,
  control: Control,
  file: { readonly size: number; readonly sha256: string },
): PackageFile {
  const record = recordOf(recordProperties(props, complain), complain)
  for (const [name, property] of MESSAGES) {
    const bytes = props.get(property)
    if (Buffer.isBuffer(bytes)) control.set(name, { bytes, mode: 0o644 })
  }
  return {
    record: { ...record, ...file, filename: '' },
    fields: fieldsOf(props),
    control,
    scripts: scriptsOf(control),
    changelog: [],
  }
}

/** Thrown to leave an archive whose rest is not wanted. */
const ENOUGH = new Error('the rest of the archive is not wanted')

async function readArchive(reader: FileReader, control: Control, visit: PayloadVisitor | undefined): Promise<Metadata> {
  const plists = new Map<string, Buffer>()
  let left = CONTROL_BYTES
  let metadata: Metadata | undefined
  let checks: ReturnType<typeof payloadChecks> | undefined
  const begin = async (): Promise<Metadata> => {
    const begun = metadataOf(plists)
    metadata = begun
    if (!visit) return begun
    checks = payloadChecks(begun.files)
    for (const path of begun.files.dirs) {
      const entry = directory(path)
      checks.guard(entry)
      await visit(entry, NO_CONTENT)
    }
    return begun
  }
  const { compression, source } = await sniffed(reader)
  try {
    const bytes = decompress(source, {
      compression,
      limit: PAYLOAD_BYTES,
      limitName: 'PAYLOAD_BYTES',
      what: 'the package',
    })
    await readTar(libarchiveGuard(bytes, { dotSlash: 'allowed' }), async (entry, content) => {
      if (!metadata && METADATA.has(entry.path)) {
        const bytes = await metadataFile(entry, content, left)
        left -= bytes.length
        if (plists.has(entry.path) || control.has(entry.path)) throw malformed(`${entry.path} comes twice`)
        if (entry.path.endsWith('.plist')) plists.set(entry.path, bytes)
        else control.set(entry.path, { bytes, mode: entry.mode })
        return
      }
      // As xbps does: a directory is made for what lies in it, with what files.plist says.
      if (entry.type === 'directory') return
      if (!metadata) await begin()
      if (!visit || !checks) throw ENOUGH
      await checks.check(entry, content, visit)
    })
  } catch (error) {
    if (error !== ENOUGH) throw error
  }
  const read = metadata ?? (await begin())
  checks?.end()
  return read
}

async function sniffed(reader: FileReader) {
  const stream = reader.stream(reader.remaining)
  const first = await stream.next()
  if (first.done) throw fail('PACKAGE_TRUNCATED', { what: 'the file is empty' })
  const source = (async function* () {
    yield first.value
    yield* stream
  })()
  return { compression: compressionOf(first.value), source }
}

async function metadataFile(entry: PayloadEntry, content: AsyncIterable<Uint8Array>, left: number): Promise<Buffer> {
  if (entry.type !== 'file') throw malformed(`${entry.path} is a ${entry.type}`)
  if (entry.size > left)
    throw fail('PACKAGE_TOO_LARGE', { what: `its metadata has more than CONTROL_BYTES, ${CONTROL_BYTES} bytes` })
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function metadataOf(plists: ReadonlyMap<string, Buffer>): Metadata {
  const plist = (name: string) => {
    const bytes = plists.get(name)
    if (!bytes) throw malformed(`there is no ${name} before the payload`)
    return parsePlist(bytes, (what, cause) => complain(`${name}: ${what}`, cause))
  }
  return { props: plist('props.plist'), files: fileListOf(plist('files.plist'), complain) }
}

/** Holds the payload's members against files.plist, and files.plist against them. */
function payloadChecks({ files, links, dirs }: FileList) {
  const guard = pathGuard()
  const seen = new Set<string>()
  async function check(entry: PayloadEntry, content: AsyncIterable<Uint8Array>, visit: PayloadVisitor): Promise<void> {
    const { path, type, target = '' } = entry
    guard(entry)
    if (seen.has(path)) throw malformed(`${path} comes twice`)
    seen.add(path)
    if (type === 'symlink') {
      if (!links.has(path)) throw malformed(`the link ${path} is not in files.plist`)
      await visit(entry, content)
      return
    }
    const sha256 = files.get(path)
    if ((type !== 'file' && type !== 'hardlink') || sha256 === undefined)
      throw malformed(`the ${type} ${path} is not in files.plist`)
    if (type === 'hardlink') {
      if (files.get(target) !== sha256)
        throw malformed(`${path} has another digest in files.plist than ${target}, which it links to`)
      await visit(entry, content)
      return
    }
    const hash = digester()
    const hashed = (async function* () {
      for await (const chunk of content) {
        hash.update(chunk)
        yield chunk
      }
    })()
    await visit(entry, hashed)
    // What the visitor has left unread is checked all the same.
    for await (const chunk of content) hash.update(chunk)
    if (hexOf(hash.digest()) !== sha256) throw malformed(`${path} has not the SHA-256 that files.plist says, ${sha256}`)
  }
  function end(): void {
    for (const path of [...files.keys(), ...links])
      if (!seen.has(path)) throw malformed(`${path} of files.plist is missing`)
  }
  return { guard, check, end, dirs }
}

const NO_CONTENT: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
}

function directory(path: string): PayloadEntry {
  return { path, type: 'directory', mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 0, size: 0 }
}

function scriptsOf(control: Control): PackageScript[] {
  return ['INSTALL', 'REMOVE'].flatMap((name) => {
    const text = control.get(name)?.bytes.toString()
    return text === undefined ? [] : [{ name, interpreter: interpreterOf(text), text }]
  })
}

/** The first line of a script as the kernel takes it: the program, and the rest as one argument. */
function interpreterOf(text: string): string[] {
  const [, program, argument] = /^#![ \t]*([^ \t\n]+)[ \t]*([^\n]*)/.exec(text) ?? []
  if (program === undefined) return ['/bin/sh']
  const trimmed = (argument ?? '').trim()
  return trimmed === '' ? [program] : [program, trimmed]
}

const complain = (what: string, cause?: unknown) => fail('PACKAGE_MALFORMED', { what, cause })

function malformed(what: string): Error {
  return fail('PACKAGE_MALFORMED', { what })
}
