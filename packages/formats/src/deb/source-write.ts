import { digestOf, hexOf, isErrorCode } from '@holotype/base'
import { fail } from '../errors.ts'
import type { SourceWriter } from '../repository-writer.ts'
import { fieldOf, renderStanza } from './control.ts'
import { poolDirectory, withoutEpoch } from './pool-path.ts'
import { recordOf, valuesOf } from './record.ts'
import { parseDsc, renderSource, type SourceRecord } from './sources.ts'

/** The index that lists source packages. */
export const SOURCES = 'Sources'
/** What stands for an architecture in a record: no package is built for one of this name, and Debian's own changes files say so too (deb-changes(5)). */
export const SOURCE_ARCHITECTURE = 'source'

/** What follows `name_` in the name of a file that dpkg-source makes (dpkg-source(1), "Source package formats"). */
const FILE_END = /^[A-Za-z0-9.+~-]+\.(?:tar\.[a-z0-9]+|diff\.gz)(?:\.asc)?$/

/** Source packages of apt repositories: a .dsc and the files that it names. */
export const sources: SourceWriter = {
  isSource: (path) => path.endsWith('.dsc'),
  read(bytes, path) {
    const source = dscOf(bytes, path)
    const { name, version, files } = source
    if (files.length === 0) throw malformed(path, 'it names no files by SHA-256 (Checksums-Sha256)')
    const named = new Set(files.map((file) => file.name))
    if (named.size < files.length) throw malformed(path, 'it names a file twice')
    for (const line of (fieldOf(source.fields, 'Files') ?? '').split('\n')) {
      const file = line.trim().split(/\s+/)[2]
      if (file !== undefined && !named.has(file)) throw malformed(path, `it names ${file}, and no SHA-256 of it`)
    }
    for (const file of files) {
      if (!file.name.startsWith(`${name}_`) || !FILE_END.test(file.name.slice(name.length + 1)))
        throw malformed(path, `"${file.name.slice(0, 200)}" is no name of a file of the source package ${name}`)
    }
    const values = valuesOf([
      ['Package', name],
      ['Version', version],
      ['Architecture', SOURCE_ARCHITECTURE],
      ['Section', fieldOf(source.fields, 'Section') ?? ''],
      ['Priority', fieldOf(source.fields, 'Priority') ?? ''],
      ['Size', String(bytes.length)],
      ['SHA256', hexOf(digestOf(bytes))],
    ])
    return {
      record: recordOf(values, { complain: (what, cause) => malformed(path, what, cause) }),
      content: hexOf(digestOf(renderStanza(source.fields))),
      files,
    }
  },
  path: ({ name, version }, component) => `${poolDirectory(component, name)}/${name}_${withoutEpoch(version)}.dsc`,
  renderEntry(bytes, { record }, path) {
    const cut = path.lastIndexOf('/')
    const dsc = { name: path.slice(cut + 1), size: record.size, sha256: record.sha256 }
    const stanza = renderSource(dscOf(bytes, path), dsc, path.slice(0, cut))
    return { record: { ...record, filename: path }, parts: { [SOURCES]: Buffer.from(stanza) } }
  },
}

function dscOf(bytes: Uint8Array, path: string): SourceRecord {
  try {
    return parseDsc(bytes)
  } catch (error) {
    if (isErrorCode(error, 'REPOSITORY_MALFORMED')) throw malformed(path, error.message, error)
    throw error
  }
}

function malformed(path: string, what: string, cause?: unknown): Error {
  return fail('PACKAGE_MALFORMED', { what: `${path}: ${what}`, cause })
}
