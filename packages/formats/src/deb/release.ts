import { isErrorCode } from '@holotype/base'
import { confinedPath } from '../archive/path.ts'
import { fail } from '../errors.ts'
import { HEAD_BYTES } from '../limits.ts'
import type { RepositoryHead, RepositoryIndex } from '../upstream-reader.ts'
import { fieldOf, parseStanza, renderStanza, type Stanza } from './control.ts'

const SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----'
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----'

/**
 * Parses a Release file (Debian RepositoryFormat, "Release" files). It takes the text that a signature was checked over, never the
 * signed form: an InRelease may hold more than what was signed.
 * @throws REPOSITORY_MALFORMED
 */
export function parseHead(text: string): RepositoryHead {
  if (text.length > HEAD_BYTES) throw malformed(`it is larger than HEAD_BYTES, ${HEAD_BYTES} bytes`)
  if (text.startsWith(SIGNED)) throw malformed('it is still in its signed form; check the signature first')
  const stanza = headStanza(text)
  const field = (name: string) => fieldOf(stanza, name) ?? ''
  const validUntil = fieldOf(stanza, 'Valid-Until')
  const sha256 = fieldOf(stanza, 'SHA256')
  const hashes = sha256 ?? fieldOf(stanza, 'SHA512')
  if (hashes === undefined) throw malformed('it has no SHA256 and no SHA512 list')
  return {
    origin: field('Origin'),
    label: field('Label'),
    suite: field('Suite'),
    codename: field('Codename'),
    date: parseDate(field('Date'), 'Date'),
    ...(validUntil === undefined ? {} : { validUntil: parseDate(validUntil, 'Valid-Until') }),
    architectures: words(field('Architectures')),
    components: words(field('Components')),
    ...(separateAll(stanza) ? { separateAll: true } : {}),
    indexes: hashes
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => parseIndexLine(line, sha256 === undefined ? 'SHA512' : 'SHA256')),
  }
}

/** Whether `binary-all` is to be read (Debian RepositoryFormat, "No-Support-for-Architecture-all"): else its packages are in every other index. */
function separateAll(stanza: Stanza): boolean {
  const unsupported = words(fieldOf(stanza, 'No-Support-for-Architecture-all') ?? '')
  return words(fieldOf(stanza, 'Architectures') ?? '').includes('all') && !unsupported.includes('Packages')
}

/** A Release file's text. */
export function renderHead(head: RepositoryHead, description: string): string {
  const list = head.indexes.map(({ sha256, size, path }) => `\n ${sha256} ${size} ${path}`).join('')
  const fields: Stanza = [
    ['Origin', head.origin],
    ['Label', head.label],
    ['Suite', head.suite],
    ['Codename', head.codename],
    ['Date', renderDate(head.date)],
    ...(head.validUntil === undefined ? [] : [['Valid-Until', renderDate(head.validUntil)] as const]),
    ['Acquire-By-Hash', 'yes'],
    ['Architectures', head.architectures.join(' ')],
    ['Components', head.components.join(' ')],
    ['Description', description],
    ['SHA256', list],
  ]
  return renderStanza(fields.filter(([, value]) => value !== ''))
}

/**
 * The text inside a clear-signed message (RFC 4880 §7), its signature not checked: for reading back what we published ourselves.
 * @throws REPOSITORY_MALFORMED
 */
export function clearSignedText(message: string): string {
  const body = message.indexOf('\n\n')
  const end = message.indexOf(`\n${SIGNATURE}`)
  if (!message.startsWith(SIGNED) || body < 0 || end < body) throw malformed('it is no clear-signed message')
  return `${message.slice(body + 2, end).replace(/^- /gm, '')}\n`
}

function headStanza(text: string): Stanza {
  try {
    return parseStanza(text)
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED')) throw malformed(error.message, error)
    throw error
  }
}

function parseIndexLine(line: string, list: 'SHA256' | 'SHA512'): RepositoryIndex {
  const [, hex = '', size = '', path = ''] = /^\s*([0-9a-f]{64,128})\s+(\d{1,15})\s+(\S+)$/.exec(line) ?? []
  if (path === '' || confinedPath(path) !== path || hex.length !== (list === 'SHA256' ? 64 : 128))
    throw malformed(`its ${list} list has the line "${line.trim().slice(0, 200)}"`)
  return { path, size: Number(size), ...(list === 'SHA256' ? { sha256: hex } : { sha256: '', sha512: hex }) }
}

/** `Sat, 21 Nov 2026 05:53:00 UTC` (RFC 5322, always in UTC). */
function parseDate(text: string, field: string): string {
  const sound = /^[A-Z][a-z]{2}, {1,2}\d{1,2} [A-Z][a-z]{2} \d{4} \d{1,2}:\d{2}:\d{2} (UTC|GMT|Z|[+-]0000)$/.test(text)
  const milliseconds = sound ? Date.parse(text) : Number.NaN
  if (Number.isNaN(milliseconds)) throw malformed(`its ${field} is "${text.slice(0, 60)}"`)
  return new Date(milliseconds).toISOString()
}

function renderDate(iso: string): string {
  return new Date(iso).toUTCString().replace('GMT', 'UTC')
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what: `the Release file does not parse: ${what}`, cause })
}
