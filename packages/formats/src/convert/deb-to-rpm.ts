import { parseVersion } from '../rpm/version.ts'
import { fieldOf } from '../deb/control.ts'
import { parseDependencies } from '../deb/relation.ts'
import { fail } from '../errors.ts'
import type { PackageToWrite, Relation } from '../types.ts'
import { rpmArchitecture } from './architecture.ts'
import type { Conversion, Converted } from './conversion.ts'
import { forRpm, withLibraryPath } from './payload.ts'
import { rpmRelations, rpmRequires } from './relations.ts'
import { rpmScripts } from './scripts.ts'
import { rpmVersionOf } from './version.ts'

type Fields = PackageToWrite['fields'][number][]

/** An rpm's fields and payload out of a .deb's. @throws CONVERT_REFUSED */
export function debToRpm({ inspected, payload, names, provides, epoch, note }: Conversion): Converted {
  const { record, fields, control } = inspected
  const version = rpmVersionOf(record.version)
  if (version.changed) note('version', `${record.version} became ${version.text}: rpm may order it otherwise`)
  const architecture = rpmArchitecture(record.architecture)
  if (architecture === undefined)
    throw fail('CONVERT_REFUSED', {
      what: `${record.name}: rpm has no name for the architecture ${record.architecture}`,
    })
  const parts = parseVersion(version.text)
  const relations = { table: names, notCarried: (what: string) => note('relation', what) }
  const { payload: carried, added } = withLibraryPath(
    forRpm(payload, (what) => note('payload', what)),
    { to: 'rpm', name: record.name, epoch },
  )
  if (added) note('payload', `${added}: written for libraries in Debian's directory; ldconfig must run to find them`)
  const out: Fields = [
    ['NAME', record.name],
    ...(parts.epoch > 0 ? [['EPOCH', String(parts.epoch)] as const] : []),
    ['VERSION', parts.upstream],
    ['RELEASE', parts.revision],
    ['ARCH', architecture],
    ['SUMMARY', record.description === '' ? record.name : record.description],
    ['DESCRIPTION', longDescription(fieldOf(fields, 'Description') ?? '') || record.description],
    // A .deb states no licence in its fields; rpm asks for one.
    ['LICENSE', `see /usr/share/doc/${record.name}/copyright`],
    ...present('GROUP', record.section),
    ...present('URL', fieldOf(fields, 'Homepage')),
    ...present('PACKAGER', fieldOf(fields, 'Maintainer')),
  ]
  const add = (tag: string, values: readonly string[]) => out.push(...values.map((value) => [tag, value] as const))
  add('REQUIRES(pre)', rpmRequires(record.preDepends, relations))
  add('REQUIRES', rpmRequires(record.depends, relations))
  add('RECOMMENDS', rpmRequires(record.recommends, relations))
  add('SUGGESTS', rpmRequires(parseDependencies(fieldOf(fields, 'Suggests') ?? ''), relations))
  const more = provides.map((name) => (/[(/]/.test(name) ? name : `${name} = ${version.text}`))
  add('PROVIDES', [...new Set([...rpmRelations(record.provides, relations), ...more])])
  const { obsoletes, conflicts } = takenOver(record)
  add('CONFLICTS', rpmRelations(conflicts, relations))
  add('OBSOLETES', rpmRelations(obsoletes, relations))
  if (record.essential) note('field', 'Essential: rpm has nothing like it')
  if (record.multiArch === 'foreign' || record.multiArch === 'allowed')
    note('field', `Multi-Arch: ${record.multiArch}: rpm has nothing like it`)
  const scripts = rpmScripts(inspected.scripts, (what) => note('script', what))
  for (const { name, interpreter, text } of scripts) {
    out.push([name.toUpperCase(), text])
    for (const word of interpreter) out.push([`${name.toUpperCase()}PROG`, word])
  }
  for (const name of control.keys())
    if (!CARRIED_CONTROL.has(name) && !inspected.scripts.some((script) => script.name === name))
      note('field', `the control member ${name}: rpm has nothing like it`)
  const there = new Set(carried.map(({ path }) => `/${path}`))
  for (const path of conffiles(control.get('conffiles')?.bytes))
    if (there.has(path)) out.push(['FILEFLAGS', `cn ${path}`])
  for (const { version: of, author, date, text } of inspected.changelog) {
    out.push(['CHANGELOGTIME', String(Math.max(0, Math.floor(Date.parse(date) / 1000) || 0))])
    out.push(['CHANGELOGNAME', `${author} - ${rpmVersionOf(of).text}`])
    out.push(['CHANGELOGTEXT', text])
  }
  return {
    content: { fields: out, control: new Map(), payload: carried, epoch },
    fileName: `${record.name}-${parts.upstream}-${parts.revision}.${architecture}.rpm`,
    version: version.text,
    architecture,
    scripts: scripts.map(({ name }) => name),
  }
}

/** Members of control.tar whose content comes over by other means: digests are rpm's own, conffiles become flags. */
const CARRIED_CONTROL = new Set(['md5sums', 'sha256sums', 'conffiles', 'control'])

/** What both conflicts and replaces takes a package's place (Policy §7.6.2): rpm's Obsoletes. */
function takenOver({
  conflicts,
  breaks,
  replaces,
}: {
  readonly conflicts: readonly Relation[]
  readonly breaks: readonly Relation[]
  readonly replaces: readonly Relation[]
}): { readonly obsoletes: readonly Relation[]; readonly conflicts: readonly Relation[] } {
  const replaced = new Set(replaces.map(({ name }) => name))
  const all = [...conflicts, ...breaks]
  return {
    obsoletes: all.filter(({ name }) => replaced.has(name)),
    conflicts: all.filter(({ name }) => !replaced.has(name)),
  }
}

/** The extended description (Policy §5.6.13) as plain text: one space less, ` .` an empty line. */
function longDescription(value: string): string {
  const [, ...lines] = value.split('\n')
  return lines.map((line) => (line.trim() === '.' ? '' : line.slice(1))).join('\n')
}

/** Absolute paths; a flag before the path (`remove-on-upgrade`, deb-conffiles(5)) names one that the package no longer has. */
function conffiles(bytes: Uint8Array | undefined): string[] {
  return Buffer.from(bytes ?? '')
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('/'))
}

function present(tag: string, value: string | undefined): Fields {
  return value === undefined || value === '' ? [] : [[tag, value]]
}
