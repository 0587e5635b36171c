import { HolotypeError } from '@holotype/base'
import { parseStanzas } from '@holotype/formats'
import { malformed, type SourceEntry, words } from './entry.ts'

/**
 * Parses a `.sources` file: stanzas of `Types`, `URIs`, `Suites`, `Components`, `Signed-By` … (sources.list(5), deb822 style).
 * @throws UPSTREAM_SOURCES_MALFORMED
 */
export function parseDeb822(text: string, file: string): SourceEntry[] {
  return stanzasOf(text, file).map((fields, index) => {
    const options = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]))
    const list = (name: string) => words(options.get(name) ?? '')
    const entry: SourceEntry = {
      types: list('types'),
      uris: list('uris'),
      suites: list('suites'),
      components: list('components'),
      options,
      enabled: !isNo(options.get('enabled')),
      where: `${file}, entry ${index + 1}`,
    }
    if (entry.types.length === 0 || entry.uris.length === 0 || entry.suites.length === 0)
      throw malformed(entry.where, 'an entry needs Types, URIs and Suites')
    return entry
  })
}

/** `no` in all the ways apt takes it (StringToBool). */
export function isNo(text: string | undefined): boolean {
  return ['no', 'false', 'without', 'off', 'disable', '0'].includes(text?.trim().toLowerCase() ?? '')
}

function stanzasOf(text: string, file: string) {
  try {
    return parseStanzas(text)
  } catch (error) {
    if (error instanceof HolotypeError) throw malformed(file, error.message, error)
    throw error
  }
}
