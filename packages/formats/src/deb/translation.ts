import { createHash } from 'node:crypto'
import { isErrorCode } from '@holotype/base'
import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import { fieldOf, parseStanzas, renderStanza, type Stanza } from './control.ts'

/** A description in some language, as a Translation-LANG index holds it (Debian RepositoryFormat, "Translation" indices). */
export interface TranslatedDescription {
  readonly package: string
  /** MD5 of the English description it translates: which one the package's `Description-md5` names. 32 hex digits. */
  readonly descriptionMd5: string
  /** Synopsis and continuation lines, as in a control file. */
  readonly description: string
}

/** The MD5 by which apt finds a description's translations: of the field's whole value and a newline. */
export function descriptionMd5(description: string): string {
  return createHash('md5').update(`${description}\n`).digest('hex')
}

/**
 * Every description of an uncompressed index `Translation-LANG`.
 * @param language `de`, `pt_BR`, `en`: the part of the file's name that names the field too
 * @throws REPOSITORY_MALFORMED
 */
export function parseTranslation(bytes: Uint8Array, language: string): TranslatedDescription[] {
  if (bytes.length > INDEX_BYTES) throw malformed(`it is larger than INDEX_BYTES, ${INDEX_BYTES} bytes`)
  return stanzasOf(bytes).map((stanza) => {
    const name = fieldOf(stanza, 'Package')
    const md5 = fieldOf(stanza, 'Description-md5')
    const description = fieldOf(stanza, `Description-${language}`)
    if (name === undefined || md5 === undefined || !/^[0-9a-f]{32}$/.test(md5) || description === undefined)
      throw malformed(`${name ?? 'a stanza'} has no name, Description-md5 or Description-${language}`)
    return { package: name, descriptionMd5: md5, description }
  })
}

/**
 * One description's stanza, an empty line at its end.
 * @throws REPOSITORY_UNWRITABLE
 */
export function renderTranslation(entry: TranslatedDescription, language: string): string {
  try {
    return `${renderStanza([
      ['Package', entry.package],
      ['Description-md5', entry.descriptionMd5],
      [`Description-${language}`, entry.description],
    ])}\n`
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED'))
      throw fail('REPOSITORY_UNWRITABLE', { what: error.message, cause: error })
    throw error
  }
}

function stanzasOf(bytes: Uint8Array): Stanza[] {
  try {
    return parseStanzas(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED')) throw malformed(error.message, error)
    throw error
  }
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what: `the Translation index does not parse: ${what}`, cause })
}
