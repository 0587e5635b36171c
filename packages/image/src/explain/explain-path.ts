import { canonicalJson, compileGlobs, formatBytes, shortDigest } from '@holotype/base'
import type { LockedPackage } from '@holotype/solver'
import type { Entry } from '@holotype/store'
import { SCRUBBED } from '../compose/scrub.ts'
import { installerOf } from '../native/native.ts'
import { pruneRules } from '../spec/prune-rules.ts'
import { SYSTEM_FILES } from '../spec/system-files.ts'
import type { FileFacts } from '../types.ts'
import type { ComposedImage } from './composed-image.ts'
import type { ExplainedPath, PathOwner, Statement } from './types.ts'

/** What lies at a path of an image, whose it is, and who else would have it; or why nothing lies there. */
export function explainPath(image: ComposedImage, asked: string): ExplainedPath {
  const { path, entry } = image.at(asked)
  const followed = path === asked ? [] : [{ text: `${asked} leads to ${path}` }]
  const owner = ownerOf(image, path)
  const brought = image.lock.packages.flatMap((locked) => {
    const found = image.broughtBy(locked, path)
    return found ? [{ locked, entry: found }] : []
  })
  const about = { path, entry, owner, brought }
  return {
    kind: 'path',
    path,
    present: entry !== undefined,
    ...(owner ? { owner } : {}),
    ...(entry ? { facts: factsOf(entry) } : {}),
    statements: [
      ...followed,
      ...(entry ? origins(image, about) : absences(image, about)),
      ...diversions(image, path),
      ...others(about),
      ...onNodes(image, path),
    ],
  }
}

interface About {
  readonly path: string
  readonly entry: Entry | undefined
  readonly owner: PathOwner | undefined
  /** What the packages have at the path. */
  readonly brought: readonly { readonly locked: LockedPackage; readonly entry: Entry }[]
}

/** The owner of a path, with what the lock says of it where it is a package. */
export function ownerOf(image: ComposedImage, path: string): PathOwner | undefined {
  const owner = image.ownerOf(path)
  if (owner === undefined) return undefined
  const locked = image.lock.packages.find(({ name }) => owner === `package:${name}`)
  if (!locked) return { owner }
  const { version, from } = locked
  const snapshot = image.lock.snapshots[from]
  return { owner, version, from, ...(snapshot === undefined ? {} : { snapshot }) }
}

/** `dbus 1.14 from host (snapshot 12ab…)`, `the spec`, `maintainer-scripts, a step of composing`. */
export function ownerText({ owner, version, from, snapshot }: PathOwner): string {
  if (owner === 'spec') return 'the spec'
  if (owner.startsWith('step:')) return `${owner.slice('step:'.length)}, a step of composing`
  const where = from === undefined ? '' : ` from ${from}${snapshot ? ` (snapshot ${shortDigest(snapshot)})` : ''}`
  return `${owner.replace(/^package:/, '')}${version === undefined ? '' : ` ${version}`}${where}`
}

/** Who put there what lies there. */
function origins(image: ComposedImage, { path, entry, owner, brought }: About): Statement[] {
  if (owner === undefined) return [{ text: 'nobody owns it' }]
  const statements = [...ownWords(image, path, owner), ...accounts(image, path)]
  const shipped = brought.find(({ locked }) => owner.owner === `package:${locked.name}`)?.entry
  if (!shipped || !entry) return statements
  const change = differenceOf(shipped, entry)
  return change === '' ? statements : [...statements, { text: `maintainer scripts changed its ${change}` }]
}

function ownWords(image: ComposedImage, path: string, { owner }: PathOwner): Statement[] {
  const unit = image.spec.units.enable.find(
    (name) => path.startsWith('/etc/systemd/system/') && path.endsWith(`/${name}`),
  )
  if (owner === 'step:maintainer-scripts' && unit !== undefined) {
    const index = image.declared?.spec.units.enable.indexOf(unit) ?? -1
    return [
      {
        text: `\`units.enable\` of the spec has ${unit}`,
        ...(index < 0 ? {} : placed(image, 'units', 'enable', index)),
      },
    ]
  }
  if (owner === 'step:maintainer-scripts')
    return [{ text: 'a maintainer script or a trigger made it, or a verb of `units`' }]
  if (owner !== 'spec') return []
  const generated = SYSTEM_FILES.find((file) => file.path === path)
  if (generated)
    return generated.keys.flatMap((key) => {
      const place = image.placeOf(...key)
      return place ? [{ text: `\`${key.join('.')}\` of the spec is written here`, place }] : []
    })
  if (image.spec.timezone !== undefined && (path === '/etc/localtime' || path === '/etc/timezone'))
    return [{ text: `\`timezone\` of the spec is ${image.spec.timezone}`, ...placed(image, 'timezone') }]
  const key = Object.keys(image.spec.files).find((file) => file === path || image.at(file).path === path)
  if (key !== undefined) return [{ text: `\`files\` of the spec has ${key}`, ...placed(image, 'files', key) }]
  const below = Object.keys(image.spec.files).find((file) => file.startsWith(`${path}/`))
  return below === undefined
    ? []
    : [{ text: `the spec has ${below}, which lies below`, ...placed(image, 'files', below) }]
}

/** The spec's accounts, in the files that have them. */
function accounts(image: ComposedImage, path: string): Statement[] {
  const named = (key: 'users' | 'groups') =>
    Object.keys(image.spec[key]).map((name) => ({
      text: `\`${key}\` of the spec adds ${name}`,
      ...placed(image, key, name),
    }))
  if (path === '/etc/passwd' || path === '/etc/shadow') return named('users')
  return path === '/etc/group' || path === '/etc/gshadow' ? [...named('groups'), ...named('users')] : []
}

/** Why nothing lies there although somebody has it. */
function absences(image: ComposedImage, { path, brought }: About): Statement[] {
  const rules = pruneRules(image.spec).filter((rule) => !rule.keep && compileGlobs([rule.glob])(path))
  const kept = pruneRules(image.spec).some((rule) => rule.keep && compileGlobs([rule.glob])(path))
  const pruned = kept ? [] : rules
  const scrubbed = [...SCRUBBED, ...installerOf(image.lock.format).scrub].filter((item) =>
    compileGlobs([item.path])(path),
  )
  if (pruned.length + scrubbed.length > 0)
    return [
      ...pruned.map(({ key, glob }) => ({
        text: `\`${key.join('.')}\` of the spec leaves out ${glob}`,
        ...placed(image, ...key),
      })),
      ...scrubbed.map((item) => ({ text: `every composition leaves out ${item.path}: ${item.why}` })),
    ]
  if (brought.some(({ entry }) => entry.type !== 'directory')) return [{ text: 'a maintainer script removed it' }]
  return [{ text: 'no package has it, nor does the spec' }]
}

/** The packages that have the path and do not own it. */
function others({ path, entry, owner, brought }: About): Statement[] {
  return brought
    .filter(({ locked, entry: theirs }) => owner?.owner !== `package:${locked.name}` && theirs.type !== 'directory')
    .map(({ locked, entry: theirs }) => {
      const has = `${locked.name} ${locked.version} has ${path}${theirs.type === 'file' ? ` (${formatBytes(theirs.size)})` : ''}`
      if (!entry) return { text: has }
      return { text: differenceOf(theirs, entry) === '' ? `${has} too, the same` : `${has} too, and gives way` }
    })
}

/** dpkg-divert(1): triples of lines, from, to, by. */
function diversions(image: ComposedImage, path: string): Statement[] {
  const file = image.at('/var/lib/dpkg/diversions').entry
  if (file?.type !== 'file') return []
  const lines = image.store.read(file.digest).toString().split('\n')
  const statements: Statement[] = []
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [from = '', to = '', by = ''] = lines.slice(at, at + 3)
    const who = by === ':' ? 'the administrator' : by
    if (image.at(from).path === path) statements.push({ text: `${who} diverts what others have here to ${to}` })
    if (image.at(to).path === path) statements.push({ text: `${who} diverted it here from ${from}` })
  }
  return statements
}

function onNodes({ manifest, declared, placeOf }: ComposedImage, path: string): Statement[] {
  const excluded = manifest.exclusions.filter((glob) => compileGlobs([glob])(path))
  const triggers = manifest.triggers.filter(({ paths }) => compileGlobs(paths)(path))
  const spot = (key: 'exclusions' | 'triggers', index: number | undefined) => {
    const place = index === undefined || index < 0 ? undefined : placeOf(key, index)
    return place ? { place } : {}
  }
  return [
    ...excluded.map((glob) => ({
      text: `on nodes it is left alone: ${glob}`,
      ...spot('exclusions', declared?.spec.exclusions.indexOf(glob)),
    })),
    ...triggers.map(({ name }) => ({
      text: `on nodes the trigger ${name} runs when it changed`,
      ...spot(
        'triggers',
        declared?.spec.triggers.findIndex((trigger) => trigger.name === name),
      ),
    })),
  ]
}

/** The place of a path of the spec, where it has one. */
export function placed(image: ComposedImage, ...path: PropertyKey[]): Pick<Statement, 'place'> {
  const place = image.placeOf(...path)
  return place ? { place } : {}
}

function differenceOf(a: Entry, b: Entry): string {
  const parts = [
    a.type === b.type ? '' : 'type',
    contentOf(a) === contentOf(b) ? '' : 'content',
    // The mode of a link is nobody's choice.
    a.type === 'symlink' || a.mode === b.mode ? '' : 'mode',
    a.uid === b.uid && a.gid === b.gid ? '' : 'owner',
    canonicalJson({ ...a.xattrs }) === canonicalJson({ ...b.xattrs }) ? '' : 'attributes',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function contentOf(entry: Entry): string {
  return entry.type === 'file' ? entry.digest : entry.type === 'symlink' ? entry.target : ''
}

function factsOf(entry: Entry): FileFacts {
  const { type, mode, uid, gid } = entry
  if (entry.type === 'file') return { type, mode, uid, gid, size: entry.size, digest: entry.digest }
  if (entry.type === 'directory') return { type, mode, uid, gid, size: entry.stats.bytes }
  return { type, mode, uid, gid, size: 0, ...(entry.type === 'symlink' ? { target: entry.target } : {}) }
}
