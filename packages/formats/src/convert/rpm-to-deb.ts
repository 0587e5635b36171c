import { gzipSync } from 'node:zlib'
import { digested } from '../archive/content.ts'
import { fail } from '../errors.ts'
import type { Dependencies, PackageToWrite, Relation } from '../types.ts'
import { debArchitecture } from './architecture.ts'
import { renderDebChangelog } from './changelog.ts'
import type { Conversion, Converted } from './conversion.ts'
import { forDeb, withLibraryPath } from './payload.ts'
import { debDepends, debRelations } from './relations.ts'
import { debScripts } from './scripts.ts'
import { debVersionOf } from './version.ts'

/** A .deb's fields, control members and payload out of an rpm's. @throws CONVERT_REFUSED */
export async function rpmToDeb({
  inspected,
  payload,
  names,
  provides: more,
  epoch,
  note,
}: Conversion): Promise<Converted> {
  const { record, fields } = inspected
  const one = (tag: string) => fields.find(([name]) => name === tag)?.[1] ?? ''
  const version = debVersionOf(record.version)
  if (version.changed) note('version', `${record.version} became ${version.text}: dpkg may order it otherwise`)
  const architecture = debArchitecture(record.architecture)
  if (architecture === undefined)
    throw fail('CONVERT_REFUSED', {
      what: `${record.name}: dpkg has no name for the architecture ${record.architecture}`,
    })
  const name = record.name.toLowerCase().replaceAll('_', '-')
  if (name !== record.name) note('field', `the name ${record.name} became ${name}: dpkg's are lower case, without _`)
  const relations = { table: names, notCarried: (what: string) => note('relation', what) }
  const own = new Set([
    record.name,
    ...record.provides.map((each) => each.name),
    ...payload.map(({ path }) => `/${path}`),
  ])
  const others = (dependencies: Dependencies) =>
    dependencies.filter((alternatives) => !alternatives.some((relation) => own.has(relation.name)))
  const notOwn = (all: readonly Relation[]) => all.filter((relation) => relation.name !== record.name)
  const author = addressed(one('PACKAGER') || one('VENDOR') || 'unknown')
  const { payload: placed, added } = withLibraryPath(
    forDeb(payload, (what) => note('payload', what)),
    { to: 'deb', name, epoch },
  )
  if (added) note('payload', `${added}: written for libraries in /usr/lib64, where Debian's loader does not look`)
  const carried = withChangelog(placed, {
    name,
    epoch,
    text: renderDebChangelog(inspected.changelog, {
      name,
      version: version.text,
      author,
      debVersion: (text) => debVersionOf(text).text,
    }),
  })
  // Provides are capabilities of many kinds: those that are no names mean nothing to dpkg, and are no loss.
  const provides = debRelations(notOwn(record.provides), { table: names, notCarried: () => {} })
  const standsFor = more.filter((name) => !/[(/]/.test(name)).map((name) => `${name} (= ${version.text})`)
  const takenOver = debRelations(record.obsoletes ?? [], relations)
  const out: (readonly [string, string])[] = [
    ['Package', name],
    ['Version', version.text],
    ['Architecture', architecture],
    ['Maintainer', author],
    ['Installed-Size', String(Math.ceil(carried.reduce((sum, { size }) => sum + size, 0) / 1024))],
    ...list('Pre-Depends', debDepends(others(record.preDepends), relations)),
    ...list('Depends', debDepends(others(record.depends), relations)),
    ...list('Recommends', debDepends(others(record.recommends), relations)),
    ...list('Provides', [...provides.filter((text) => !text.includes('(') || / \(= /.test(text)), ...standsFor]),
    ...list('Conflicts', [...debRelations(record.conflicts, relations), ...takenOver]),
    ...list('Replaces', takenOver),
    ['Section', 'misc'],
    ['Priority', 'optional'],
    ...(one('URL') === '' ? [] : [['Homepage', one('URL')] as const]),
    ['Description', description(one('SUMMARY'), one('DESCRIPTION'))],
  ]
  const ghosts = flagged(fields, 'g')
  if (ghosts.length > 0) note('payload', `${ghosts.join(', ')}: named by the package, not in it (%ghost)`)
  const scripts = debScripts(inspected.scripts, (what) => note('script', what))
  return {
    content: {
      fields: out,
      control: await controlOf(carried, { scripts, conffiles: flagged(fields, 'c'), libraries: added !== undefined }),
      payload: carried,
      epoch,
    },
    fileName: `${name}_${version.text.replace(/^\d+:/, '')}_${architecture}.deb`,
    version: version.text,
    architecture,
    scripts: scripts.map((script) => script.name),
  }
}

/** Absolute paths whose FILEFLAGS hold this letter. */
function flagged(fields: Conversion['inspected']['fields'], letter: string): string[] {
  return fields.flatMap(([name, value]) => {
    const [letters = '', ...path] = name === 'FILEFLAGS' ? value.split(' ') : []
    return letters.includes(letter) ? [path.join(' ')] : []
  })
}

async function controlOf(
  payload: PackageToWrite['payload'],
  {
    scripts,
    conffiles,
    libraries,
  }: {
    readonly scripts: ReturnType<typeof debScripts>
    readonly conffiles: readonly string[]
    /** It has libraries that ldconfig must be told of (Policy §8.1.1). */
    readonly libraries: boolean
  },
): Promise<PackageToWrite['control']> {
  const files = payload.filter(({ type }) => type === 'file')
  const sums: string[] = []
  for (const file of files) sums.push(`${(await digested(file, { md5: true })).digests?.md5}  ${file.path}\n`)
  const there = new Set(files.map(({ path }) => `/${path}`))
  // dpkg keeps conffiles below /etc and elsewhere alike, but only files that are there.
  const kept = conffiles.filter((path) => there.has(path)).map((path) => `${path}\n`)
  const member = (text: string, mode: number) => ({ bytes: Buffer.from(text), mode })
  return new Map([
    ...scripts.map(
      ({ name, interpreter, text }) => [name, member(`#!${interpreter.join(' ')}\n${text}\n`, 0o755)] as const,
    ),
    ...(kept.length > 0 ? [['conffiles', member(kept.join(''), 0o644)] as const] : []),
    ...(libraries ? [['triggers', member('activate-noawait ldconfig\n', 0o644)] as const] : []),
    ...(sums.length > 0 ? [['md5sums', member(sums.join(''), 0o644)] as const] : []),
  ])
}

/** Where Policy §4.4 has it; gzip's header holds no time. */
function withChangelog(
  payload: PackageToWrite['payload'],
  { name, epoch, text }: { readonly name: string; readonly epoch: number; readonly text: string },
): PackageToWrite['payload'] {
  const path = `usr/share/doc/${name}/changelog.Debian.gz`
  if (text === '' || payload.some((entry) => entry.path === path)) return payload
  const bytes = gzipSync(text, { level: 9 })
  const common = { mode: 0o644, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: epoch }
  return [...payload, { path, type: 'file', size: bytes.length, bytes, ...common }]
}

/** Policy §5.6.13: the synopsis, then each line indented, ` .` for an empty one. */
function description(summary: string, text: string): string {
  const lines = text.trim() === '' || text.trim() === summary.trim() ? [] : text.trimEnd().split('\n')
  return [
    summary.replaceAll('\n', ' ').trim(),
    ...lines.map((line) => line.trimEnd().replaceAll('\r', '')).map((line) => (line === '' ? ' .' : ` ${line}`)),
  ].join('\n')
}

function addressed(author: string): string {
  return /<[^<>]*>$/.test(author) ? author : `${author.replace(/[<>]/g, '')} <unknown@localhost>`
}

function list(name: string, values: readonly string[]): (readonly [string, string])[] {
  return values.length === 0 ? [] : [[name, [...new Set(values)].join(', ')]]
}
