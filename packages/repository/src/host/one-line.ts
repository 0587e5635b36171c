import { malformed, type SourceEntry, words } from './entry.ts'

/** The one-line form's option names, as deb822 has them (sources.list(5)). */
const OPTIONS: Readonly<Record<string, string>> = {
  arch: 'architectures',
  'signed-by': 'signed-by',
  'check-valid-until': 'check-valid-until',
}

const LINE = /^(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+\S+)*)$/

/**
 * Parses a `.list` file: `deb [signed-by=/x arch=amd64] URI SUITE COMPONENT…`, one entry a line, comments from `#`.
 * @throws UPSTREAM_SOURCES_MALFORMED
 */
export function parseOneLine(text: string, file: string): SourceEntry[] {
  const entries: SourceEntry[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim()
    if (line === '') continue
    const where = `${file}:${index + 1}`
    const [, type, options, uri, suite, components] = LINE.exec(line) ?? []
    if (type === undefined || uri === undefined || suite === undefined)
      throw malformed(where, 'an entry is `deb [options] URI SUITE COMPONENT…`')
    entries.push({
      types: [type],
      uris: [uri],
      suites: [suite],
      components: words(components ?? ''),
      options: parseOptions(options ?? ''),
      enabled: true,
      where,
    })
  }
  return entries
}

function parseOptions(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (const word of words(text)) {
    const at = word.indexOf('=')
    const name = OPTIONS[word.slice(0, at).replace(/[+-]$/, '').toLowerCase()]
    if (at > 0 && name !== undefined) options.set(name, word.slice(at + 1).replaceAll(',', ' '))
  }
  return options
}
