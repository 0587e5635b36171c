import type { Advisory, AdvisoryCollection, AdvisoryPackage, AdvisoryReference } from './updateinfo.ts'
import { parseVersion } from './version.ts'
import { escapeAttribute, escapeText } from './xml-text.ts'

/** An updateinfo.xml of these advisories, in the form that dnf and createrepo_c read. */
export function renderUpdateinfo(advisories: readonly Advisory[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n${advisories.map(renderAdvisory).join('')}</updates>\n`
}

function renderAdvisory(advisory: Advisory): string {
  const text = (name: 'title' | 'severity' | 'rights' | 'release' | 'summary' | 'description' | 'solution') =>
    advisory[name] === '' ? '' : `    <${name}>${escapeText(advisory[name])}</${name}>\n`
  const date = (name: 'issued' | 'updated') =>
    advisory[name] === '' ? '' : `    <${name} date="${advisory[name].slice(0, 19).replace('T', ' ')}"/>\n`
  return (
    `  <update${attributes({ from: advisory.from, status: advisory.status, type: advisory.type })} version="1">\n` +
    `    <id>${escapeText(advisory.id)}</id>\n${text('title')}${date('issued')}${date('updated')}${text('rights')}${text('release')}` +
    `${text('severity')}${text('summary')}${text('description')}${text('solution')}` +
    `    <references>\n${advisory.references.map(renderReference).join('')}    </references>\n` +
    `    <pkglist>\n${advisory.collections.map(renderCollection).join('')}    </pkglist>\n  </update>\n`
  )
}

function renderReference({ href, id, title, type }: AdvisoryReference): string {
  return `      <reference${attributes({ href, id, title, type })}/>\n`
}

function renderCollection({ short, name, module, packages }: AdvisoryCollection): string {
  return (
    `      <collection${attributes({ short })}>\n        <name>${escapeText(name)}</name>\n` +
    `${module === undefined ? '' : `        <module${attributes({ ...module })}/>\n`}${packages.map(renderPackage).join('')}      </collection>\n`
  )
}

function renderPackage({ name, version, architecture, source, filename, sha256, suggested }: AdvisoryPackage): string {
  const { epoch, upstream, revision } = parseVersion(version)
  const evr = { version: upstream, release: revision, epoch: String(epoch) }
  const lines = [
    `<package${attributes({ name, ...evr, arch: architecture, src: source })}>`,
    `  <filename>${escapeText(filename)}</filename>`,
    ...(sha256 === undefined ? [] : [`  <sum type="sha256">${sha256}</sum>`]),
    ...(suggested ?? []).map((what) => `  <${what}_suggested>True</${what}_suggested>`),
    '</package>',
  ]
  return lines.map((line) => `        ${line}\n`).join('')
}

/** Without those that are empty. */
function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === '' ? '' : ` ${name}="${escapeAttribute(value)}"`))
    .join('')
}
