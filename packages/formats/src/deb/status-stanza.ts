import { fail } from '../errors.ts'
import { fieldOf, renderStanza, type Stanza } from './control.ts'
import { parseDependencies, renderDependencies } from './relation.ts'

/** The fields dpkg knows, in the order its status file has them (dpkg's lib/dpkg/parse.c, `fieldinfos`). What it does not know follows. */
const ORDER = [
  'Package',
  'Essential',
  'Protected',
  'Status',
  'Priority',
  'Section',
  'Installed-Size',
  'Origin',
  'Maintainer',
  'Bugs',
  'Architecture',
  'Multi-Arch',
  'Source',
  'Version',
  'Replaces',
  'Provides',
  'Depends',
  'Pre-Depends',
  'Recommends',
  'Suggests',
  'Breaks',
  'Conflicts',
  'Enhances',
  'Conffiles',
  'Description',
] as const

const BY_LOWER_NAME = new Map(ORDER.map((name) => [name.toLowerCase(), name]))
const RELATIONS = new Set<string>([
  'Replaces',
  'Provides',
  'Depends',
  'Pre-Depends',
  'Recommends',
  'Suggests',
  'Breaks',
  'Conflicts',
  'Enhances',
])

/**
 * A package's stanza of /var/lib/dpkg/status as dpkg writes it after unpacking: known fields in dpkg's order and spelling, relations
 * normalised, each conffile (its absolute path) waiting as `newconffile`.
 * @param fields the package's control fields
 * @param conffiles absolute paths in the order of the package's `conffiles` member
 * @param status `install ok unpacked` unless the caller knows better
 * @throws CONTROL_MALFORMED, RELATION_MALFORMED
 */
export function statusStanza(fields: Stanza, conffiles: readonly string[], status = 'install ok unpacked'): string {
  for (const path of conffiles)
    if (!/^\/[^\s\0]+$/.test(path))
      throw fail('CONTROL_MALFORMED', {
        what: `the conffile ${JSON.stringify(path)} is no absolute path without spaces`,
      })
  const known = ORDER.flatMap((name): Stanza => {
    if (name === 'Status') return [[name, status]]
    if (name === 'Conffiles')
      return conffiles.length === 0 ? [] : [[name, conffiles.map((path) => `\n ${path} newconffile`).join('')]]
    const value = fieldOf(fields, name)
    return value === undefined ? [] : valueOf(name, value)
  })
  const others = fields.filter(([name]) => !BY_LOWER_NAME.has(name.toLowerCase()))
  return renderStanza([...known, ...others])
}

function valueOf(name: string, value: string): Stanza {
  if (RELATIONS.has(name)) {
    const text = renderDependencies(parseDependencies(value))
    return text === '' ? [] : [[name, text]]
  }
  // The defaults are left out.
  if ((name === 'Essential' || name === 'Protected') && value === 'no') return []
  if (name === 'Multi-Arch' && value === 'no') return []
  return [[name, value]]
}
