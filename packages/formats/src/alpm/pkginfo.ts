/** The native fields of a package in file order: `pkgname`, `pkgver`, `depend` …, one entry for each line. */
export type Pkginfo = readonly (readonly [name: string, value: string])[]

/** Makes the error that what is malformed ends in; which code it has depends on where it was found. */
export type Complain = (what: string, cause?: unknown) => Error

/**
 * Parses the lines `name = value` of .PKGINFO (BUILDINFO(5) describes the same form); empty lines and comments are passed over.
 * @throws whatever `complain` makes
 */
export function parsePkginfo(text: string, complain: Complain): Pkginfo {
  const fields: (readonly [string, string])[] = []
  for (let at = 0, line = 1; at < text.length; line++) {
    const newline = text.indexOf('\n', at)
    const end = newline < 0 ? text.length : newline
    const content = text.slice(at, end).trim()
    at = end + 1
    if (content === '' || content.startsWith('#')) continue
    const equals = content.indexOf('=')
    if (equals <= 0) throw complain(`line ${line} of .PKGINFO is no "name = value": ${content.slice(0, 80)}`)
    fields.push([content.slice(0, equals).trimEnd(), content.slice(equals + 1).trimStart()])
  }
  return fields
}

/**
 * The text of a .PKGINFO.
 * @throws whatever `complain` makes of a name or value that would be read back otherwise
 */
export function renderPkginfo(fields: Pkginfo, complain: Complain): string {
  return fields
    .map(([name, value]) => {
      if (!/^[a-z][a-z0-9_]*$/.test(name)) throw complain(`"${name}" is no name for a field of .PKGINFO`)
      if (value.trim() !== value || /[\n\r\0]/.test(value))
        throw complain(`${name}: the value ${JSON.stringify(value)} does not go into one line`)
      return `${name} = ${value}\n`
    })
    .join('')
}
