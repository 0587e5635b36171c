import type { InspectedPackage } from '../types.ts'
import { inPrimary } from './record.ts'
import { escapeAttribute, escapeText } from './xml-text.ts'
import { parseVersion } from './version.ts'

/** Fields of dependencies by the list they stand in, in createrepo_c's order. */
const LISTS = [
  'PROVIDES',
  'REQUIRES',
  'CONFLICTS',
  'OBSOLETES',
  'SUGGESTS',
  'ENHANCES',
  'RECOMMENDS',
  'SUPPLEMENTS',
] as const

const FLAGS: Readonly<Record<string, string>> = { '=': 'EQ', '<': 'LT', '>': 'GT', '<=': 'LE', '>=': 'GE' }

/** What must be there before the package's own scripts run. */
const PRE = new Set(['pre', 'post', 'pretrans', 'prereq'])

interface ListedFile {
  readonly path: string
  readonly type: '' | 'dir' | 'ghost'
}

/** A package's `<package>` in primary.xml, filelists.xml and other.xml, in createrepo_c's forms. `href`: where its file lies below the base. */
export function renderPackage(
  inspected: InspectedPackage,
  href: string,
): { primary: string; filelists: string; other: string } {
  const { record } = inspected
  const files = filesOf(inspected)
  const version = versionElement(record.version)
  const head = `<package pkgid="${record.sha256}" name="${escapeAttribute(record.name)}" arch="${record.architecture}">\n  ${version}\n`
  return {
    primary: primaryOf(inspected, { href, files, version }),
    filelists: `${head}${fileElements(files, '  ')}</package>\n`,
    other: `${head}${changelogOf(inspected)}</package>\n`,
  }
}

function primaryOf(
  inspected: InspectedPackage,
  { href, files, version }: { readonly href: string; readonly files: readonly ListedFile[]; readonly version: string },
): string {
  const { record } = inspected
  const field = (name: string) => inspected.fields.find(([known]) => known === name)?.[1] ?? ''
  const element = (name: string, text: string) => `<${name}>${escapeText(text)}</${name}>\n`
  const build = field('BUILDTIME')
  const installed = inspected.files.reduce((sum, { size }) => sum + size, 0)
  const lists = LISTS.map((list) => listOf(inspected.fields, list)).join('')
  const shown = files.filter(({ path }) => inPrimary(path))
  return `<package type="rpm">
  ${element('name', record.name)}  ${element('arch', record.architecture)}  ${version}
  <checksum type="sha256" pkgid="YES">${record.sha256}</checksum>
  ${element('summary', field('SUMMARY'))}  ${element('description', field('DESCRIPTION'))}  ${element('packager', field('PACKAGER'))}  ${element('url', field('URL'))}  <time file="${build}" build="${build}"/>
  <size package="${record.size}" installed="${installed}" archive="0"/>
  <location href="${escapeAttribute(href)}"/>
  <format>
    ${element('rpm:license', field('LICENSE'))}    ${element('rpm:vendor', field('VENDOR'))}    ${element('rpm:group', field('GROUP'))}    ${element('rpm:buildhost', field('BUILDHOST'))}    ${element('rpm:sourcerpm', field('SOURCERPM'))}${lists}${fileElements(shown, '    ')}  </format>
</package>
`
}

/** One list of dependencies; one that is needed before the scripts run is marked, as it may stand a second time without. */
function listOf(fields: InspectedPackage['fields'], list: string): string {
  const entries = new Set<string>()
  for (const [field, value] of fields) {
    if (field !== list && !field.startsWith(`${list}(`)) continue
    const pre =
      list === 'REQUIRES' &&
      field
        .slice(list.length + 1, -1)
        .split(',')
        .some((word) => PRE.has(word))
    const entry = entryOf(value, pre)
    if (!value.startsWith('rpmlib(')) entries.add(entry)
  }
  if (entries.size === 0) return ''
  const name = `rpm:${list.toLowerCase()}`
  return `    <${name}>\n${[...entries].join('')}    </${name}>\n`
}

function entryOf(value: string, pre: boolean): string {
  const mark = pre ? ' pre="1"' : ''
  const [, name = value, operator, evr] = value.startsWith('(') ? [] : (/^(.*) (<=|>=|=|<|>) (\S+)$/.exec(value) ?? [])
  if (operator === undefined || evr === undefined) return `      <rpm:entry name="${escapeAttribute(name)}"${mark}/>\n`
  return `      <rpm:entry name="${escapeAttribute(name)}" flags="${FLAGS[operator] ?? ''}" ${versionAttributes(evr)}${mark}/>\n`
}

function versionAttributes(evr: string): string {
  const { epoch, upstream, revision } = parseVersion(evr)
  const release = revision === '' ? '' : ` rel="${escapeAttribute(revision)}"`
  return `epoch="${epoch}" ver="${escapeAttribute(upstream)}"${release}`
}

function versionElement(evr: string): string {
  return `<version ${versionAttributes(evr)}/>`
}

/** Payload and ghosts together, by path. A ghost is in no payload: rpm's file flags name it. */
function filesOf({ record, files, fields }: InspectedPackage): ListedFile[] {
  const listed = new Map<string, ListedFile>()
  // The files of a source package are for no root.
  const root = record.architecture === 'src' ? '' : '/'
  for (const { path, type } of files) {
    const absolute = `${root}${path}`
    listed.set(absolute, { path: absolute, type: type === 'directory' ? 'dir' : '' })
  }
  for (const [name, value] of fields) {
    const space = value.indexOf(' ')
    if (name !== 'FILEFLAGS' || !value.slice(0, space).includes('g')) continue
    const path = value.slice(space + 1)
    if (!listed.has(path)) listed.set(path, { path, type: 'ghost' })
  }
  return [...listed.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function fileElements(files: readonly ListedFile[], indent: string): string {
  return files
    .map(({ path, type }) => `${indent}<file${type === '' ? '' : ` type="${type}"`}>${escapeText(path)}</file>\n`)
    .join('')
}

/** Entries the oldest first, as createrepo_c has them. */
function changelogOf({ changelog }: InspectedPackage): string {
  return changelog
    .toReversed()
    .map(({ author, version, date, text }) => {
      const who = version === '' || author.endsWith(version) ? author : `${author} - ${version}`
      const seconds = Math.floor(Date.parse(date) / 1000)
      return `  <changelog author="${escapeAttribute(who)}" date="${seconds}">${escapeText(text)}</changelog>\n`
    })
    .join('')
}
