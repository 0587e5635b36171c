import { isErrorCode } from '@holotype/base'
import { confinedPath } from '../archive/path.ts'
import { fail } from '../errors.ts'
import { HEAD_BYTES, INDEX_BYTES } from '../limits.ts'
import { fieldOf, parseStanza, parseStanzas, renderStanza, type Stanza } from './control.ts'
import { clearSignedText } from './release.ts'

/** A file of a source package. */
export interface SourceFile {
  /** Its name, without a directory. */
  readonly name: string
  readonly size: number
  /** 64 hex digits. */
  readonly sha256: string
}

/** A source package as a Sources index lists it or its .dsc states it (dsc(5), Debian RepositoryFormat "Sources" indices). */
export interface SourceRecord {
  readonly name: string
  readonly version: string
  /** The binary packages it makes. */
  readonly binaries: readonly string[]
  /** `any`, `all` and the like, as written. */
  readonly architectures: readonly string[]
  /** `3.0 (quilt)` … */
  readonly format: string
  /** Where its files lie below the repository's base; '' of a .dsc, whose files lie beside it. */
  readonly directory: string
  readonly files: readonly SourceFile[]
  /** Every field in file order: `Build-Depends` and its kind are for `parseBuildDependencies`, which knows the architecture. */
  readonly fields: Stanza
}

/**
 * Every source package of an uncompressed Sources index.
 * @throws REPOSITORY_MALFORMED
 */
export function parseSources(bytes: Uint8Array): SourceRecord[] {
  if (bytes.length > INDEX_BYTES) throw malformed(`the index is larger than INDEX_BYTES, ${INDEX_BYTES} bytes`)
  return checked(() => parseStanzas(textOf(bytes))).map((stanza) => sourceOf(stanza, 'Package'))
}

/**
 * A source package's .dsc, clear-signed or not. Its signature is not checked here.
 * @throws REPOSITORY_MALFORMED
 */
export function parseDsc(bytes: Uint8Array): SourceRecord {
  if (bytes.length > HEAD_BYTES) throw malformed(`the .dsc is larger than HEAD_BYTES, ${HEAD_BYTES} bytes`)
  const text = textOf(bytes)
  const plain = text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----') ? clearSignedText(text) : text
  return sourceOf(
    checked(() => parseStanza(plain)),
    'Source',
  )
}

/** Fields of a .dsc that an index has in another form. */
const REPLACED = /^(source|package|directory|files|checksums-sha1|checksums-sha256|checksums-sha512)$/i

/**
 * A .dsc's stanza in a Sources index, an empty line at its end. Only SHA-256 is listed, and the .dsc itself among the files.
 * @param directory where the files lie below the repository's base
 * @throws REPOSITORY_UNWRITABLE
 */
export function renderSource(source: SourceRecord, dsc: SourceFile, directory: string): string {
  if (confinedPath(directory) !== directory || directory === '' || /\s/.test(directory))
    throw fail('REPOSITORY_UNWRITABLE', { what: `${source.name}: "${directory}" is no directory below the repository` })
  const list = [dsc, ...source.files.filter(({ name }) => name !== dsc.name)]
    .map(({ name, size, sha256 }) => `\n ${sha256} ${size} ${name}`)
    .join('')
  const stanza: Stanza = [
    ['Package', source.name],
    ...source.fields.filter(([name]) => !REPLACED.test(name)),
    ['Directory', directory],
    ['Checksums-Sha256', list],
  ]
  try {
    return `${renderStanza(stanza)}\n`
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED'))
      throw fail('REPOSITORY_UNWRITABLE', { what: error.message, cause: error })
    throw error
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9+.-]*$/
const VERSION = /^[A-Za-z0-9.+:~-]+$/

function sourceOf(stanza: Stanza, nameField: 'Package' | 'Source'): SourceRecord {
  const name = fieldOf(stanza, nameField) ?? ''
  const version = fieldOf(stanza, 'Version') ?? ''
  if (!NAME.test(name)) throw malformed(`"${name}" is no name of a source package`)
  if (!VERSION.test(version)) throw malformed(`${name}: "${version}" is no version`)
  const directory = fieldOf(stanza, 'Directory') ?? ''
  if (directory !== '' && confinedPath(directory) === undefined)
    throw malformed(`${name}: the directory "${directory}" leads outside the repository`)
  return {
    name,
    version,
    binaries: listed(fieldOf(stanza, 'Binary'), /[\s,]+/),
    architectures: listed(fieldOf(stanza, 'Architecture'), /\s+/),
    format: fieldOf(stanza, 'Format') ?? '',
    directory,
    files: listed(fieldOf(stanza, 'Checksums-Sha256'), /\n/).map((line) => fileOf(line, name)),
    fields: stanza,
  }
}

function fileOf(line: string, source: string): SourceFile {
  const [, sha256 = '', size = '', name = ''] = /^\s*([0-9a-f]{64})\s+(\d{1,15})\s+([^\s/]+)$/.exec(line) ?? []
  if (name === '' || name === '.' || name === '..')
    throw malformed(`${source}: Checksums-Sha256 has the line "${line.trim().slice(0, 200)}"`)
  return { name, size: Number(size), sha256 }
}

function listed(value: string | undefined, separator: RegExp): string[] {
  return (value ?? '').split(separator).filter((part) => part.trim() !== '')
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function checked<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED')) throw malformed(error.message, error)
    throw error
  }
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what, cause })
}
