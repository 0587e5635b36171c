import { isErrorCode } from '@holotype/base'
import { compressed } from '../archive/compress-stream.ts'
import { contentFault, contentParts, digested, gathered, type Part, partsSize } from '../archive/content.ts'
import { confinedPath } from '../archive/path.ts'
import { pathGuard } from '../archive/path-guard.ts'
import { writeStreamAtomic } from '../archive/write-stream.ts'
import { fail } from '../errors.ts'
import type { Compression, PackageToWrite } from '../types.ts'
import { type PlistValue, renderPlist } from './plist.ts'
import type { PlistDictionary } from './plist.ts'
import { MESSAGES, propsOf, recordProperties } from './props.ts'
import { recordOf } from './record.ts'
import { USTAR_END, ustarHeader, type UstarMember, ustarPadding } from './ustar.ts'

type Member = PackageToWrite['payload'][number]

const SCRIPTS = ['REMOVE', 'INSTALL']
/** Paths that would be taken for metadata. */
const METADATA = new Set(['INSTALL', 'REMOVE', 'props.plist', 'files.plist'])
const CONTROL = new Set<string>([...SCRIPTS, ...MESSAGES.map(([file]) => file)])
/** xbps-create's levels; xz at 9 would ask every reader for 65 MiB. */
const LEVELS: Readonly<Record<string, number>> = { zst: 9, gz: 9, xz: 6, none: 0 }

/**
 * Writes a package as xbps-create(1) lays it out: scripts, props.plist, files.plist, then files and links from the last path to the first.
 * Directories stand in files.plist alone, so one with a mode or an owner of its own is refused: INSTALL may set it. Same input, same bytes.
 * files.plist, which stands first, has digests of all files: streams are read twice, which takes no disk. Beside what was handed in, memory
 * holds a few chunks and the encoder's tables.
 * @throws PACKAGE_UNWRITABLE, DISK_FULL
 */
export async function writePackage(path: string, content: PackageToWrite): Promise<void> {
  const { control, compression = 'zst' } = content
  for (const name of control.keys())
    if (!CONTROL.has(name)) throw unwritable(`"${name}" is no control file of xbps: ${[...CONTROL].join(', ')}`)
  const sorted = sortedPayload(content.payload)
  const size = sorted.reduce((sum, member) => sum + (member.type === 'file' ? member.size : 0), 0)
  const props = propsOf(content, size)
  recordOf(recordProperties(props, complain), complain)
  const digests = new Map<string, string>()
  const payload: Member[] = []
  for (const each of sorted) {
    const known = await digested(each)
    payload.push(known.member)
    if (known.digests) digests.set(each.path, known.digests.sha256)
  }
  const unlinked = hardLinks(payload)
  const configuration = new Set(content.fields.flatMap(([name, value]) => (name === 'conf_files' ? [value] : [])))
  const parts: Part[] = []
  const add = (member: UstarMember, bytes: readonly Part[]) => {
    const bytesSize = partsSize(bytes)
    parts.push(ustarHeader({ ...member, size: bytesSize }), ...bytes, ustarPadding(bytesSize))
  }
  const root = { type: 'file', uid: 0, gid: 0, owner: 'root', group: 'root', size: 0 } as const
  for (const name of SCRIPTS) {
    const script = control.get(name)
    if (script) add({ ...root, name: `./${name}`, mode: script.mode, mtime: content.epoch }, [script.bytes])
  }
  const plists = { 'props.plist': props, 'files.plist': filesPlist(payload, { configuration, digests }) }
  for (const [name, plist] of Object.entries(plists))
    add({ ...root, name: `./${name}`, mode: 0o644, mtime: 0 }, [Buffer.from(renderPlist(plist))])
  for (const member of unlinked) {
    const { type } = member
    if (type !== 'file' && type !== 'hardlink' && type !== 'symlink') continue
    const target = type === 'hardlink' ? `./${member.target}` : member.target
    add(
      { ...member, type, name: `./${member.path}`, ...(target === undefined ? {} : { target }) },
      contentParts(member),
    )
  }
  parts.push(USTAR_END)
  const tar = compressed(gathered(parts), { compression, level: levelOf(compression), size: partsSize(parts) })
  await writeStreamAtomic(path, tar)
}

function levelOf(compression: Compression): number {
  const level = LEVELS[compression]
  if (level === undefined)
    throw unwritable(`a package of xbps is not compressed by ${compression}: ${Object.keys(LEVELS).join(', ')}`)
  return level
}

/** The members checked, in the order of a walk through the tree: what lies in a directory right after it, names bytewise. */
function sortedPayload(payload: PackageToWrite['payload']): Member[] {
  const guard = pathGuard()
  for (const member of payload) {
    checkMember(member)
    try {
      guard(member)
    } catch (error) {
      throw isErrorCode(error, 'PACKAGE_MALFORMED') ? unwritable(error.message, error) : error
    }
  }
  // A slash sorts before all else: `a/b` comes before `a-b`.
  return payload
    .filter(({ path }) => path !== '')
    .map((member) => ({ member, key: Buffer.from(member.path.replaceAll('/', '\0')) }))
    .sort((a, b) => a.key.compare(b.key))
    .map(({ member }) => member)
}

function checkMember(member: Member): void {
  const { path, type, mode, uid, gid, target, xattrs } = member
  const wrong = (what: string) => unwritable(`${JSON.stringify(path)}: ${what}`)
  if (path !== '' && confinedPath(path) !== path) throw wrong('is no normal path below the root')
  if (METADATA.has(path)) throw wrong('would be taken for metadata')
  if (type === 'character' || type === 'block' || type === 'fifo') throw wrong(`xbps packages no ${type}`)
  if (xattrs && Object.keys(xattrs).length > 0) throw wrong('xbps packages no extended attributes')
  if (type === 'directory' && (mode !== 0o755 || uid !== 0 || gid !== 0))
    throw wrong('xbps packages no mode or owner of a directory: let INSTALL set it')
  const fault = contentFault(member)
  if (fault !== undefined) throw wrong(fault)
  if ((type === 'symlink' || type === 'hardlink') && (target === undefined || target === '' || target.includes('\0')))
    throw wrong('is a link without a target')
}

/** The members from last to first, where of files linked to each other the one that comes first now is the file and the others its links. */
function hardLinks(sorted: readonly Member[]): Member[] {
  const files = new Map(sorted.flatMap((member) => (member.type === 'file' ? [[member.path, member] as const] : [])))
  const links = new Map(
    sorted.flatMap(({ type, path, target }) => (type === 'hardlink' ? [[path, target ?? ''] as const] : [])),
  )
  const fileOf = (path: string): Member | undefined => {
    // The guard has seen each target before its link, so this ends.
    let at = path
    for (let next = links.get(at); next !== undefined; next = links.get(at)) at = next
    return files.get(at)
  }
  const firsts = new Map<Member, string>()
  return sorted.toReversed().map((member) => {
    if (member.type !== 'file' && member.type !== 'hardlink') return member
    const file = fileOf(member.path)
    if (!file) throw unwritable(`${member.path} is a hard link to nothing`)
    const first = firsts.get(file)
    if (first === undefined) {
      firsts.set(file, member.path)
      return { ...file, path: member.path }
    }
    const { bytes: _, open: __, ...facts } = file
    return { ...facts, path: member.path, type: 'hardlink', size: 0, target: first }
  })
}

/** files.plist: files, configuration files, links and directories, each from the first path to the last. */
function filesPlist(
  sorted: readonly Member[],
  {
    configuration,
    digests,
  }: { readonly configuration: ReadonlySet<string>; readonly digests: ReadonlyMap<string, string> },
): PlistDictionary {
  const groups = new Map<string, PlistDictionary[]>()
  const bytesOf = new Map(sorted.map((member) => [member.path, member]))
  for (const member of sorted) {
    const entry = new Map<string, PlistValue>([['file', `/${member.path}`]])
    let group = 'dirs'
    if (member.type === 'symlink') {
      group = 'links'
      entry.set('target', listedTarget(member, bytesOf))
    } else if (member.type !== 'directory') {
      let file = member
      while (file.type === 'hardlink') {
        const next = bytesOf.get(file.target ?? '')
        if (!next) throw unwritable(`${member.path} is a hard link to nothing`)
        file = next
      }
      group = configuration.has(`/${member.path}`) ? 'conf_files' : 'files'
      entry.set('sha256', digests.get(file.path) ?? '')
      if (file.size > 0) entry.set('size', file.size)
    }
    const list = groups.get(group)
    if (list) list.push(entry)
    else groups.set(group, [entry])
  }
  return groups
}

/**
 * A symbolic link's target as xbps-create lists it: absolute, below the root; where a link with `./` or `../` leads to nothing in this
 * package, as it stands.
 */
function listedTarget({ path, target = '' }: Member, members: ReadonlyMap<string, Member>): string {
  if (target.startsWith('/')) return target.replaceAll(/\/{2,}/g, '/')
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
  if (!target.includes('./')) return `/${parent}/${target}`.replaceAll(/\/{2,}/g, '/')
  const parts: string[] = []
  for (const part of [...parent.split('/'), ...target.split('/')])
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  const resolved = parts.join('/')
  return members.has(resolved) ? `/${resolved}` : target.replaceAll(/\/{2,}/g, '/')
}

const complain = (what: string, cause?: unknown) => unwritable(what, cause)

function unwritable(what: string, cause?: unknown): Error {
  return fail('PACKAGE_UNWRITABLE', { what, cause })
}
