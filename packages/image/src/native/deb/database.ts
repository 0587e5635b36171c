import { hash } from 'node:crypto'
import { compareText } from '@holotype/base'
import { statusStanza } from '@holotype/formats'
import { type Store, walkTree } from '@holotype/store'
import { addParents, type PathMap, pathResolver } from '../../compose/path-map.ts'
import type { DatabaseOptions } from '../native.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'

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
 * Writes dpkg's database as it stands when every package is unpacked and none configured (dpkg's own `doc/` and `lib/dpkg/`:
 * status, info/, triggers/, arch). dpkg itself goes on from there.
 */
export function database(map: PathMap, { store, packages, architecture }: Omit<DatabaseOptions, 'epoch'>): void {
  const write = (path: string, content: string | Uint8Array, mode = 0o644) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const place = `${ADMIN}/${path}`
    addParents(map, place, OWNER)
    map.set(place, {
      entry: { type: 'file', mode, uid: 0, gid: 0, mtime: 0, digest: store.put(bytes), size: bytes.length },
      owner: OWNER,
    })
  }
  const stanzas: string[] = []
  for (const candidate of packages.toSorted((a, b) => compareText(a.name, b.name))) {
    const info = infoName(candidate)
    for (const [name, { digest, mode }] of Object.entries(candidate.unpacked.control)) {
      if (isControlMember(name) && !NOT_KEPT.has(name))
        write(`info/${info}.${name}`, store.read(digest), mode & 0o111 ? 0o755 : 0o644)
    }
    write(`info/${info}.list`, listOf(store, candidate))
    const conffiles = conffilesOf(store, map, candidate)
    const stanza = statusStanza(candidate.unpacked.fields, [], 'install ok unpacked').trimEnd()
    stanzas.push(conffiles.length > 0 ? `${stanza}\nConffiles:\n${conffiles.join('\n')}\n` : `${stanza}\n`)
  }
  write('status', stanzas.join('\n'))
  write('arch', `${architecture}\n`)
  write('info/format', '1\n')
  // Scripts that ran before may have written to it.
  if (!map.has(DIVERSIONS)) write('diversions', '')
  const triggers = interests(store, packages)
  write('triggers/File', triggers.file)
  for (const [name, content] of triggers.named) write(`triggers/${name}`, content)
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
  for (const { path } of walkTree(store, candidate.unpacked.tree)) if (path !== '') lines.push(`/${path}`)
  return `${lines.join('\n')}\n`
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
