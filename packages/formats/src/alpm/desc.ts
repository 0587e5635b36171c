import type { Complain } from './pkginfo.ts'
import type { FieldValues } from './record.ts'

/** A section that holds one value, or a list; and what .PKGINFO calls it. */
const ONE = {
  FILENAME: 'filename',
  NAME: 'pkgname',
  BASE: 'pkgbase',
  VERSION: 'pkgver',
  DESC: 'pkgdesc',
  ARCH: 'arch',
  CSIZE: 'csize',
  ISIZE: 'size',
  SIZE: 'size',
  SHA256SUM: 'sha256sum',
  PACKAGER: 'packager',
} as const

const LIST = {
  GROUPS: 'group',
  DEPENDS: 'depend',
  PROVIDES: 'provides',
  CONFLICTS: 'conflict',
  REPLACES: 'replaces',
  FILES: 'files',
} as const

/** What a `desc` tells beyond a record. */
export type DescValues = FieldValues & { readonly packager?: string }

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Values = Writable<DescValues>

type Field = { readonly one: (typeof ONE)[keyof typeof ONE] } | { readonly list: (typeof LIST)[keyof typeof LIST] }

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...Object.entries(ONE).map(([name, one]): [string, Field] => [`%${name}%`, { one }]),
  ...Object.entries(LIST).map(([name, list]): [string, Field] => [`%${name}%`, { list }]),
])

const PERCENT = 37

/**
 * Reads the files of one package's directory in a database: sections `%NAME%`, each followed by its values, a line each, and an empty line
 * (libalpm's form of `desc`, `depends` and `files`). Sections that a record does not need are passed over.
 * @throws whatever `complain` makes
 */
export function readDesc(files: readonly Buffer[], complain: Complain): DescValues {
  const values: Values = {}
  for (const file of files) readSections(file, values, complain)
  return values
}

function readSections(file: Buffer, values: Values, complain: Complain): void {
  // One character per byte: an offset in the text is the offset in the bytes.
  const text = file.toString('latin1')
  for (let at = 0; at < text.length; ) {
    const end = endOfLine(text, at)
    if (end === at) {
      at++
      continue
    }
    if (text.charCodeAt(at) !== PERCENT || text.charCodeAt(end - 1) !== PERCENT || end - at < 3)
      throw complain(`no section at byte ${at}: ${text.slice(at, Math.min(end, at + 80))}`)
    const field = FIELDS.get(text.slice(at, end))
    const list: string[] | undefined = field && 'list' in field ? [] : undefined
    let first = true
    for (at = end + 1; at < text.length; first = false) {
      const line = endOfLine(text, at)
      if (line === at) break
      // Decoding copies: the records do not keep the whole database in memory.
      if (list) list.push(file.toString('utf8', at, line))
      else if (first && field && 'one' in field) values[field.one] = file.toString('utf8', at, line)
      at = line + 1
    }
    // Of a list that comes twice libalpm takes both, of a value the last.
    if (list && field && 'list' in field) values[field.list] = values[field.list]?.concat(list) ?? list
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/**
 * The text of a database's file: each section with its values, in the order given; one without values is left out.
 * @throws whatever `complain` makes of a value that holds a line break
 */
export function renderSections(
  sections: readonly (readonly [name: string, values: readonly string[]])[],
  complain: Complain,
): Buffer {
  const parts: string[] = []
  for (const [name, values] of sections) {
    const lines = values.filter((value) => value !== '')
    if (lines.length === 0) continue
    for (const line of lines)
      if (line.includes('\n')) throw complain(`${name}: the value ${JSON.stringify(line)} does not go into one line`)
    parts.push(`%${name}%\n`, lines.join('\n'), '\n\n')
  }
  return Buffer.from(parts.join(''))
}
