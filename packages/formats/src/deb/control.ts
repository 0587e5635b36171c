import { fail } from '../errors.ts'

/** The fields of one stanza in file order. A value keeps its continuation lines as they stand, each with its leading space. */
export type Stanza = readonly (readonly [name: string, value: string])[]

const NAME = /^[!-9;-~]+$/

/**
 * Parses stanzas of `Field: value` lines parted by empty lines: control files, indexes, status files (Policy §5.1, deb822(5)).
 * Lines that start with `#` are comments, as in a source package's debian/control.
 * @throws CONTROL_MALFORMED on a line that is none of these, or a field that occurs twice in a stanza
 */
export function parseStanzas(text: string): Stanza[] {
  const stanzas: Stanza[] = []
  let stanza: [string, string][] = []
  let names = new Set<string>()
  const end = () => {
    if (stanza.length > 0) stanzas.push(stanza)
    stanza = []
    names = new Set()
  }
  let number = 0
  for (const raw of text.split('\n')) {
    number++
    const line = raw.trimEnd()
    if (line === '') {
      end()
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = stanza.at(-1)
      if (!last) throw malformed(number, line, 'continues no field')
      last[1] += `\n${line}`
    } else if (!line.startsWith('#')) {
      const colon = line.indexOf(':')
      const name = line.slice(0, Math.max(0, colon))
      if (!NAME.test(name) || name.startsWith('-')) throw malformed(number, line, 'is no field')
      const key = name.toLowerCase()
      if (names.has(key)) throw malformed(number, line, 'is there twice')
      names.add(key)
      stanza.push([name, line.slice(startOfValue(line, colon + 1))])
    }
  }
  end()
  return stanzas
}

function startOfValue(line: string, from: number): number {
  let at = from
  while (line[at] === ' ' || line[at] === '\t') at++
  return at
}

/**
 * The only stanza of a text, as in a package's own control file.
 * @throws CONTROL_MALFORMED
 */
export function parseStanza(text: string): Stanza {
  const stanzas = parseStanzas(text)
  const [stanza] = stanzas
  if (!stanza || stanzas.length > 1)
    throw fail('CONTROL_MALFORMED', { what: `one stanza is expected, not ${stanzas.length}` })
  return stanza
}

/**
 * A stanza's text, with a newline at its end. `parseStanzas` of it gives the stanza back.
 * @throws CONTROL_MALFORMED on a name or value that would not come back as it is
 */
export function renderStanza(stanza: Stanza): string {
  let text = ''
  for (const [name, value] of stanza) {
    const [first = '', ...rest] = value.split('\n')
    const sound =
      NAME.test(name) &&
      !/^[#-]/.test(name) &&
      first.trim() === first &&
      rest.every((line) => /^[ \t]/.test(line) && line.trim() !== '' && line.trimEnd() === line) &&
      !/[\0\r]/.test(value)
    if (!sound)
      throw fail('CONTROL_MALFORMED', { what: `the field "${name}" has a value that no control file can hold` })
    text += `${name}:${first === '' ? '' : ` ${first}`}${rest.map((line) => `\n${line}`).join('')}\n`
  }
  return text
}

/** A field's value by its name, in whatever case it is written. */
export function fieldOf(stanza: Stanza, name: string): string | undefined {
  const wanted = name.toLowerCase()
  return stanza.find(([field]) => field.toLowerCase() === wanted)?.[1]
}

function malformed(number: number, line: string, why: string): Error {
  return fail('CONTROL_MALFORMED', { what: `line ${number} ${why}: ${line.slice(0, 120)}` })
}
