import { hash } from 'node:crypto'
import { dirname, resolve } from 'node:path/posix'
import { gunzipSync } from 'node:zlib'
import { compareText, compileGlobs } from '@holotype/base'
import type { ImageManifest } from '@holotype/image'
import { type Store, walkTree } from '@holotype/store'
import { readTar } from '../../packages/image/src/compose/read-tar.ts'
import type { DeliberateDifference, Tolerance } from '../../packages/image/src/native/deb/differences.ts'

/** What two roots are compared by, path by path. */
export interface PathFacts {
  readonly type: string
  readonly mode: string
  /** `user:group`, by the root's own names. */
  readonly owner: string
  /** Of a file: bytes and their SHA-256; of a link: its target; of a device: its numbers. */
  readonly content: string
  /** Sorted `NAME=base64`. */
  readonly xattrs: string
  /** The first name of the file, where it has several; its own otherwise. */
  readonly inode: string
}

export interface Listing {
  readonly paths: ReadonlyMap<string, PathFacts>
  readonly bytes: (path: string) => Buffer
}

/** The largest file whose content is compared by more than its digest: an initrd. */
const KEPT_BYTES = 64 * 1024 * 1024

/** Attributes that belong to the machine the root lies on, not to the root (a label of its security module). */
const OF_THE_MACHINE = /^(?:security\.(?:selinux|SMACK64.*|apparmor|ima|evm)|trusted\.)/

export function listArchive(archive: string): Listing {
  const paths = new Map<string, PathFacts>()
  const kept = new Map<string, Buffer>()
  for (const member of readTar(archive)) {
    const path = `/${member.path}`
    const target = `/${member.target.replace(/^\.\//, '')}`
    const first = member.type === 'hardlink' ? paths.get(target) : undefined
    if (first) {
      paths.set(path, { ...first, inode: target })
      continue
    }
    if (member.type === 'file' && member.bytes.length < KEPT_BYTES) kept.set(path, member.bytes)
    paths.set(path, {
      type: member.type,
      mode: (member.type === 'symlink' ? 0o777 : member.mode).toString(8),
      owner: `${member.uid}:${member.gid}`,
      content:
        member.type === 'file'
          ? `${member.bytes.length} ${hash('sha256', member.bytes)}`
          : member.type === 'symlink'
            ? member.target
            : member.type === 'character' || member.type === 'block'
              ? `${member.major}:${member.minor}`
              : '',
      xattrs: attributes(member.xattrs),
      inode: path,
    })
  }
  return named({ paths, bytes: (path) => kept.get(paths.get(path)?.inode ?? path) ?? Buffer.alloc(0) })
}

export function listImage(store: Store, manifest: ImageManifest): Listing {
  const paths = new Map<string, PathFacts>()
  const { root } = manifest
  paths.set('/', {
    ...{ type: 'directory', mode: root.mode.toString(8), owner: `${root.uid}:${root.gid}` },
    ...{ content: '', xattrs: '', inode: '/' },
  })
  const firstNames = new Map(
    groupsOf(store, manifest).flatMap((group) => group.map((path) => [path, group[0] ?? path])),
  )
  const digests = new Map<string, () => Buffer>()
  for (const { path: relative, entry } of walkTree(store, root.tree)) {
    if (relative === '') continue
    const path = `/${relative}`
    if (entry.type === 'file') digests.set(path, () => store.read(entry.digest))
    paths.set(path, {
      type: entry.type,
      mode: entry.mode.toString(8),
      owner: `${entry.uid}:${entry.gid}`,
      content:
        entry.type === 'file'
          ? `${entry.size} ${entry.digest.slice('sha256:'.length)}`
          : entry.type === 'symlink'
            ? entry.target
            : entry.type === 'character' || entry.type === 'block'
              ? `${entry.major}:${entry.minor}`
              : '',
      xattrs: attributes(entry.xattrs ?? {}),
      inode: firstNames.get(path) ?? path,
    })
  }
  return named({ paths, bytes: (path) => digests.get(path)?.() ?? Buffer.alloc(0) })
}

/** Numbers of owners as the names that this root's own accounts have. */
function named({ paths, bytes }: Listing): Listing {
  const names = (path: string) =>
    new Map(
      lines(bytes(path)).map((line) => {
        const [name = '', , number = ''] = line.split(':')
        return [number, name]
      }),
    )
  const [users, groups] = [names('/etc/passwd'), names('/etc/group')]
  const owner = (numbers: string) => {
    const [uid = '', gid = ''] = numbers.split(':')
    return `${users.get(uid) ?? uid}:${groups.get(gid) ?? gid}`
  }
  return { bytes, paths: new Map([...paths].map(([path, facts]) => [path, { ...facts, owner: owner(facts.owner) }])) }
}

function lines(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '')
}

function attributes(xattrs: Readonly<Record<string, string>>): string {
  return Object.entries(xattrs)
    .filter(([name]) => !OF_THE_MACHINE.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort(compareText)
    .join(' ')
}

function groupsOf(store: Store, { hardlinks }: ImageManifest): string[][] {
  const value = hardlinks === undefined ? [] : store.readJson(hardlinks)
  if (!Array.isArray(value)) throw new Error('the groups of hard links are no list')
  return value.map((group: unknown) => (Array.isArray(group) ? group.map(String) : []))
}

export interface PathDifference {
  readonly path: string
  /** `missing` in the image, `added` by it, or the facts that differ. */
  readonly what: 'missing' | 'added' | keyof PathFacts
  readonly native?: string
  readonly image?: string
}

/** Every path and fact that differs, sorted. */
export function compareListings(native: Listing, image: Listing): PathDifference[] {
  const differences: PathDifference[] = []
  for (const path of [...new Set([...native.paths.keys(), ...image.paths.keys()])].sort(compareText)) {
    const [a, b] = [native.paths.get(path), image.paths.get(path)]
    if (!a || !b) {
      differences.push({ path, what: a ? 'missing' : 'added' })
      continue
    }
    for (const what of ['type', 'mode', 'owner', 'content', 'xattrs', 'inode'] as const) {
      if (a[what] !== b[what]) differences.push({ path, what, native: a[what], image: b[what] })
    }
  }
  return differences
}

const TOLERATED: Readonly<Record<Tolerance, (text: string) => string>> = {
  'all of it': () => '',
  'order of lines': (text) => text.split('\n').sort(compareText).join('\n'),
  'spaces at line ends': (text) => text.replace(/[ \t]+$/gm, ''),
  // Of names alone: the lines come in the order of the numbers. Numbers below 100 and from 1000 on are fixed or a person's (Debian Policy 9.2.2).
  'numbers of accounts': (text) =>
    text
      .replace(/^([^:\n]+:[^:\n]*):(\d{3})(?::(\d+))?(?=:)/gm, '$1:N:N')
      .split('\n')
      .sort(compareText)
      .join('\n'),
  'day of the last password change': (text) => text.replace(/^([^:\n]+:[^:\n]*):\d*:/gm, '$1::'),
  'times of members': untimed,
}

/** A gzip of a cpio archive of the newc form (cpio(5)), unpacked, and the time in each header zero. */
function untimed(text: string): string {
  const bytes = gunzipSync(Buffer.from(text, 'latin1'))
  const field = (header: number, index: number) => {
    const start = header + 6 + index * 8
    return Number.parseInt(bytes.toString('latin1', start, start + 8), 16)
  }
  const padded = (offset: number) => Math.ceil(offset / 4) * 4
  for (let at = 0; bytes.toString('latin1', at, at + 6) === '070701'; ) {
    const [size, name] = [field(at, 6), field(at, 11)]
    bytes.write('00000000', at + 6 + 5 * 8, 'latin1')
    at = padded(padded(at + 110 + name) + size)
  }
  return bytes.toString('latin1')
}

export interface Judgement {
  /** What no entry of the table allows. */
  readonly undeclared: readonly PathDifference[]
  /** The entries of the table that were needed. */
  readonly used: ReadonlySet<DeliberateDifference>
}

/** Holds what differs against the table of what may. */
export function judge(native: Listing, image: Listing, table: readonly DeliberateDifference[]): Judgement {
  const rules = table.map((rule) => ({ rule, covers: compileGlobs(rule.paths) }))
  const used = new Set<DeliberateDifference>()
  /** A link to what is left out is left out with it. */
  const linkRule = (path: string, what: string) => {
    const { type, content = '' } = native.paths.get(path) ?? {}
    if (what !== 'missing' || type !== 'symlink') return undefined
    const target = resolve(dirname(path), content)
    return rules.find(({ rule, covers }) => rule.what === 'missing' && covers(target))?.rule
  }
  const undeclared = compareListings(native, image).filter(({ path, what }) => {
    const covering = rules.filter(({ covers }) => covers(path)).map(({ rule }) => rule)
    if (what === 'missing' || what === 'added') {
      const rule = covering.find((candidate) => candidate.what === what) ?? linkRule(path, what)
      if (rule) used.add(rule)
      return rule === undefined
    }
    if (what !== 'content') return true
    const tolerances = covering.flatMap((rule) =>
      rule.what === 'missing' || rule.what === 'added' ? [] : [{ rule, same: TOLERATED[rule.what] }],
    )
    for (const { rule } of tolerances) used.add(rule)
    const normal = (listing: Listing) =>
      tolerances.reduce((text, { same }) => same(text), listing.bytes(path).toString('latin1'))
    return tolerances.length === 0 || normal(native) !== normal(image)
  })
  return { undeclared, used }
}
