import { hash } from 'node:crypto'
import { compareText } from '@holotype/base'
import { statusStanza } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { addParents, type PathMap, pathResolver, removeBelow } from '../../compose/path-map.ts'
import type { Taken } from '../../compose/unite.ts'
import type { DatabaseOptions } from '../native.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { pathsOf } from '../../unpack/unpacked.ts'

const ADMIN = 'var/lib/dpkg'
const OWNER = 'step:dpkg-database'

/** dpkg's list of diversions: three lines each, from, to and by whom. */
export const DIVERSIONS = `${ADMIN}/diversions`

/** Whether dpkg takes a member of control.tar for one: it lies at the top, under a plain name. */
export function isControlMember(name: string): boolean {
  return /^[a-z0-9][a-z0-9.+-]*$/i.test(name)
}

/** Members of control.tar that dpkg does not keep below info/. */
const NOT_KEPT = new Set(['control'])

/**
 * Writes dpkg's database as it stands when these packages are unpacked and not configured (dpkg's own `doc/` and `lib/dpkg/`:
 * status, info/, triggers/, arch), beside those that are there already. dpkg itself goes on from there.
 */
export function database(map: PathMap, { store, packages, architecture, taken }: Omit<DatabaseOptions, 'epoch'>): void {
  const write = (path: string, content: string | Uint8Array, mode = 0o644) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const place = `${ADMIN}/${path}`
    addParents(map, place, OWNER)
    map.set(place, {
      entry: { type: 'file', mode, uid: 0, gid: 0, mtime: 0, digest: store.put(bytes), size: bytes.length },
      owner: OWNER,
    })
  }
  const read = (path: string) => textAt(map, store, `${ADMIN}/${path}`)
  const installed = interestsOf(read('triggers/File'))
  const activated = new Set<string>()
  const stanzas = new Map(
    read('status')
      .split(/\n\n+/)
      .flatMap((stanza) => (stanza === '' ? [] : [[stanzaKey(stanza), `${stanza.trimEnd()}\n`]])),
  )
  for (const candidate of packages.toSorted((a, b) => compareText(a.name, b.name))) {
    const info = infoName(candidate)
    for (const [name, { digest, mode }] of Object.entries(candidate.unpacked.control)) {
      if (isControlMember(name) && !NOT_KEPT.has(name))
        write(`info/${info}.${name}`, store.read(digest), mode & 0o111 ? 0o755 : 0o644)
    }
    write(`info/${info}.list`, listOf(store, candidate))
    const conffiles = conffilesOf(store, map, candidate)
    const stanza = statusStanza(candidate.unpacked.fields, [], 'install ok unpacked').trimEnd()
    const whole = conffiles.length > 0 ? `${stanza}\nConffiles:\n${conffiles.join('\n')}\n` : `${stanza}\n`
    stanzas.set(stanzaKey(whole), whole)
    for (const name of activations(candidate, { store, map, files: installed })) activated.add(name)
  }
  for (const [from, paths] of lostOf(store, taken)) {
    const list = `info/${infoName(from)}.list`
    write(
      list,
      read(list)
        .split('\n')
        .filter((line) => !paths.has(line))
        .join('\n'),
    )
    const key = stanzaKey(statusStanza(from.unpacked.fields, [], ''))
    stanzas.set(key, withObsolete(stanzas.get(key) ?? '', { paths, unpacked: packages.includes(from) }))
  }
  write('status', [...stanzas.values()].join('\n'))
  write('arch', `${architecture}\n`)
  write('info/format', '1\n')
  // Scripts that ran before may have written to it.
  if (!map.has(DIVERSIONS)) write('diversions', '')
  const triggers = interests(store, packages)
  for (const [name, content] of [['File', triggers.file] as const, ...triggers.named])
    write(`triggers/${name}`, [...new Set([...linesOf(read(`triggers/${name}`)), ...linesOf(content)])].join(''))
  dropStale(map, activated)
  // What dpkg notes while it unpacks, for those that are installed to be told (dpkg's triggers.txt, "Unincorp"); `-`: nobody waits for it.
  if (activated.size > 0) write('triggers/Unincorp', [...activated].map((name) => `${name} -\n`).join(''))
  for (const directory of ['alternatives', 'parts', 'updates']) {
    addParents(map, `${ADMIN}/${directory}/x`, OWNER)
  }
}

/** `info/` names carry the architecture where several may be installed side by side (Multi-Arch: same). */
export function infoName(candidate: LockedUnpacked): string {
  const same = candidate.unpacked.fields.some(([name, value]) => name === 'Multi-Arch' && value === 'same')
  return same ? `${candidate.name}:${candidate.architecture}` : candidate.name
}

/** The paths dpkg lists for a package, as the package names them (before links of the root are followed). */
function listOf(store: Store, candidate: LockedUnpacked): string {
  const lines = ['/.']
  for (const { path } of pathsOf(store, candidate.unpacked)) if (path !== '') lines.push(`/${path}`)
  return `${lines.join('\n')}\n`
}

/** By package the paths that dpkg has no longer in its list, because another package took them: it compares names, not places. */
function lostOf(store: Store, taken: readonly Taken[]): ReadonlyMap<LockedUnpacked, ReadonlySet<string>> {
  const lost = new Map<LockedUnpacked, Set<string>>()
  for (const { path, from, by } of taken)
    if (pathsOf(store, by.unpacked).some((one) => one.path === path))
      lost.set(from, (lost.get(from) ?? new Set()).add(`/${path}`))
  return lost
}

/** A stanza whose conffiles of these paths are others' now: dpkg notes them as obsolete, with the sum they were configured with, if they were. */
function withObsolete(
  stanza: string,
  { paths, unpacked }: { readonly paths: ReadonlySet<string>; readonly unpacked: boolean },
): string {
  const lines = stanza.split('\n').map((line) => {
    const path = line.slice(0, line.lastIndexOf(' '))
    if (!line.startsWith(' /') || !paths.has(path.slice(1))) return line
    return `${unpacked ? `${path} newconffile` : line} obsolete`
  })
  return lines.join('\n')
}

function controlText(store: Store, candidate: LockedUnpacked, name: string): string {
  const member = candidate.unpacked.control[name]
  return member ? store.read(member.digest).toString('utf8') : ''
}

/** The lines of Conffiles, path and MD5: the files already lie in their place, so dpkg has no question to ask. */
function conffilesOf(store: Store, map: PathMap, candidate: LockedUnpacked): string[] {
  const resolver = pathResolver(map)
  const conffiles: string[] = []
  for (const line of controlText(store, candidate, 'conffiles').split('\n')) {
    // A line may begin with the flag remove-on-upgrade (deb-conffiles(5)): such a file is not shipped.
    if (!line.startsWith('/')) continue
    const entry = map.get(resolver.resolve(line.trim().slice(1)))?.entry
    if (entry?.type === 'file') conffiles.push(` ${line.trim()} ${hash('md5', store.read(entry.digest), 'hex')}`)
  }
  return conffiles
}

function textAt(map: PathMap, store: Store, path: string): string {
  const entry = map.get(path)?.entry
  return entry?.type === 'file' ? store.read(entry.digest).toString('utf8') : ''
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/)
}

function stanzaKey(stanza: string): string {
  return `${/^Package: (.*)$/m.exec(stanza)?.[1]} ${/^Architecture: (.*)$/m.exec(stanza)?.[1]}`
}

/**
 * Drops man-db's cache where its trigger will build it: mandb(8) reads no directory that is older than the cache, and a directory here has the time
 * of its package, not that of unpacking. Without a cache it reads all of them.
 */
function dropStale(map: PathMap, activated: ReadonlySet<string>): void {
  if (activated.has('/usr/share/man')) removeBelow(map, 'var/cache/man', { keepSelf: true })
}

/** The paths that somebody is interested in. */
function interestsOf(file: string): ReadonlySet<string> {
  return new Set(linesOf(file).flatMap((line) => (line.startsWith('/') ? [line.slice(0, line.indexOf(' '))] : [])))
}

/**
 * The triggers that unpacking a package activates: those its control file names, and the paths with files in or below them. Where /bin and its
 * like are links a path counts under both its names (dpkg, `trig_path_activate_usrmerge`).
 */
function activations(
  candidate: LockedUnpacked,
  { store, map, files }: { readonly store: Store; readonly map: PathMap; readonly files: ReadonlySet<string> },
): Set<string> {
  const found = new Set<string>()
  for (const line of controlText(store, candidate, 'triggers').split('\n')) {
    const [directive = '', trigger = ''] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (directive.startsWith('activate') && (map.has(`${ADMIN}/triggers/${trigger}`) || files.has(trigger)))
      found.add(trigger)
  }
  if (files.size === 0) return found
  const resolver = pathResolver(map)
  for (const { path, entry } of pathsOf(store, candidate.unpacked)) {
    if (entry.type === 'directory' || !map.has(resolver.resolve(path))) continue
    for (let at = `/${path}`; at !== ''; at = at.slice(0, at.lastIndexOf('/')))
      for (const name of [at, at.startsWith('/usr/') ? at.slice('/usr'.length) : `/usr${at}`])
        if (files.has(name)) found.add(name)
  }
  return found
}

/** What deb-triggers(5) files declare interest in, in the form of dpkg's triggers/ directory. */
function interests(store: Store, packages: readonly LockedUnpacked[]): { file: string; named: Map<string, string> } {
  let file = ''
  const named = new Map<string, string>()
  for (const candidate of packages) {
    for (const line of controlText(store, candidate, 'triggers').split('\n')) {
      const [directive = '', trigger = ''] = line.replace(/#.*/, '').trim().split(/\s+/)
      if (!directive.startsWith('interest') || trigger === '') continue
      const wanting = `${infoName(candidate)}${directive === 'interest-noawait' ? '/noawait' : ''}`
      if (trigger.startsWith('/')) file += `${trigger} ${wanting}\n`
      else named.set(trigger, `${named.get(trigger) ?? ''}${wanting}\n`)
    }
  }
  return { file, named }
}
