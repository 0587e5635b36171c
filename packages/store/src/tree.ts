import { canonicalJson, compareText, type Digest, isDigest } from '@holotype/base'
import { fail } from './errors.ts'
import { NAME_BYTES, SYMLINK_BYTES, TREE_BYTES } from './limits.ts'
import type { Entry, Tree, TreeStats } from './types.ts'
import { isRecord, memberOf } from './values.ts'

const DIGEST = /^sha256:[0-9a-f]{64}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * The bytes of a directory object: canonical JSON of {@link Tree}, entries sorted by name, sums computed. Same entries in any order, same bytes.
 * @throws TREE_INVALID a name that is no path part or stands twice, a mode, owner, time or size out of range
 */
export function encodeTree(entries: readonly Entry[]): { readonly bytes: Buffer; readonly stats: TreeStats } {
  const sorted = [...entries].sort((a, b) => compareText(a.name, b.name))
  for (const [index, entry] of sorted.entries()) {
    checkEntry(entry)
    if (entry.name === sorted[index - 1]?.name) throw invalid(`two entries named ${JSON.stringify(entry.name)}`)
  }
  const stats = sum(sorted)
  const text = `{"entries":[${sorted.map(encodeEntry).join(',')}],"schema":"holotype.tree/1","stats":${encodeStats(stats)}}`
  return { bytes: Buffer.from(text), stats }
}

/**
 * Parses and checks a directory object's bytes, whose digest the caller has verified.
 * @throws TREE_INVALID
 */
export function parseTree(bytes: Uint8Array): Tree {
  if (bytes.length > TREE_BYTES) throw invalid(`larger than ${TREE_BYTES} bytes`)
  const value = parse(bytes)
  if (!isRecord(value) || value['schema'] !== 'holotype.tree/1' || !Array.isArray(value['entries']))
    throw invalid('not a holotype.tree/1')
  const listed: readonly unknown[] = value['entries']
  const entries = listed.map(entryFrom)
  for (let index = 1; index < entries.length; index++) {
    const name = entries[index]?.name ?? ''
    // Strict order makes names unique: no second entry can hide behind the first.
    if (compareText(entries[index - 1]?.name ?? '', name) !== -1)
      throw invalid(`${JSON.stringify(name)} is out of order or stands twice`)
  }
  const stats = sum(entries)
  if (encodeStats(statsFrom(value['stats'])) !== encodeStats(stats)) throw invalid('its sums do not add up')
  return { schema: 'holotype.tree/1', entries, stats }
}

/** True when `name` can be one part of a path: what every entry's name must be, so that no tree leads out of its root. */
export function isName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !name.includes('/') &&
    !name.includes('\0') &&
    // Three bytes of UTF-8 per code unit at most: only long names are measured.
    (name.length * 3 <= NAME_BYTES || Buffer.byteLength(name) <= NAME_BYTES) &&
    name.isWellFormed()
  )
}

/** What differs between two entries apart from what lies below a directory: equal text, equal entry. */
export function entryKey(entry: Entry): string {
  return entry.type === 'directory' ? encodeMetadata(entry) : encodeEntry(entry)
}

// Written out because composing an image encodes some 100,000 entries; a property test holds it against canonicalJson.
function encodeEntry(entry: Entry): string {
  const { mode, mtime, uid } = entry
  const name = JSON.stringify(entry.name)
  const xattrs = hasXattrs(entry) ? `,"xattrs":${canonicalJson(entry.xattrs)}` : ''
  const gid = `"gid":${entry.gid}`
  switch (entry.type) {
    case 'file':
      return `{"digest":"${entry.digest}",${gid},"mode":${mode},"mtime":${mtime},"name":${name},"size":${entry.size},"type":"file","uid":${uid}${xattrs}}`
    case 'directory':
      return `{${gid},"mode":${mode},"mtime":${mtime},"name":${name},"stats":${encodeStats(entry.stats)},"tree":"${entry.tree}","type":"directory","uid":${uid}${xattrs}}`
    case 'symlink':
      return `{${gid},"mode":${mode},"mtime":${mtime},"name":${name},"target":${JSON.stringify(entry.target)},"type":"symlink","uid":${uid}${xattrs}}`
    case 'character':
    case 'block':
      return `{${gid},"major":${entry.major},"minor":${entry.minor},"mode":${mode},"mtime":${mtime},"name":${name},"type":"${entry.type}","uid":${uid}${xattrs}}`
    case 'fifo':
      return `{${gid},"mode":${mode},"mtime":${mtime},"name":${name},"type":"fifo","uid":${uid}${xattrs}}`
  }
}

function encodeMetadata(entry: Entry): string {
  const xattrs = hasXattrs(entry) ? canonicalJson(entry.xattrs) : ''
  return `${entry.type} ${entry.mode} ${entry.uid} ${entry.gid} ${entry.mtime} ${xattrs}`
}

/** None and an empty set are the same. */
function hasXattrs(entry: Entry): boolean {
  return entry.xattrs !== undefined && Object.keys(entry.xattrs).length > 0
}

function encodeStats(stats: TreeStats): string {
  return `{"bytes":${stats.bytes},"directories":${stats.directories},"files":${stats.files},"newest":${stats.newest}}`
}

function sum(entries: readonly Entry[]): TreeStats {
  let [files, directories, bytes, newest] = [0, 0, 0, 0]
  for (const entry of entries) {
    newest = Math.max(newest, entry.mtime)
    if (entry.type === 'directory') {
      directories += 1 + entry.stats.directories
      files += entry.stats.files
      bytes += entry.stats.bytes
      newest = Math.max(newest, entry.stats.newest)
    } else {
      files += 1
      if (entry.type === 'file') bytes += entry.size
    }
  }
  if (!Number.isSafeInteger(bytes)) throw invalid('its sizes add up beyond 2^53')
  return { files, directories, bytes, newest }
}

function checkEntry(entry: Entry): void {
  const { name, mode, uid, gid, mtime } = entry
  if (!isName(name)) throw invalid(`${JSON.stringify(name)} is no name for an entry`)
  if (!isWhole(mode) || mode > 0o7777) throw invalid(`${name}: mode ${mode}`)
  if (!isId(uid) || !isId(gid)) throw invalid(`${name}: owner ${uid}:${gid}`)
  if (!Number.isSafeInteger(mtime)) throw invalid(`${name}: mtime ${mtime}`)
  for (const [key, value] of Object.entries(entry.xattrs ?? {}))
    if (key === '' || key.includes('\0') || !BASE64.test(value)) throw invalid(`${name}: extended attribute ${key}`)
  if (entry.type === 'file') {
    if (!isWhole(entry.size) || !DIGEST.test(entry.digest)) throw invalid(`${name}: size or digest`)
  } else if (entry.type === 'directory') {
    if (!DIGEST.test(entry.tree)) throw invalid(`${name}: tree digest`)
  } else if (entry.type === 'symlink') {
    const { target } = entry
    if (target === '' || target.includes('\0') || Buffer.byteLength(target) > SYMLINK_BYTES || !target.isWellFormed())
      throw invalid(`${name}: symlink target`)
  } else if (entry.type !== 'fifo' && (!isId(entry.major) || !isId(entry.minor)))
    throw invalid(`${name}: device number`)
}

function entryFrom(value: unknown): Entry {
  if (!isRecord(value)) throw invalid('an entry is no object')
  const metadata = {
    name: text(value, 'name'),
    mode: whole(value, 'mode'),
    uid: whole(value, 'uid'),
    gid: whole(value, 'gid'),
    mtime: whole(value, 'mtime'),
    ...(value['xattrs'] === undefined ? {} : { xattrs: xattrsFrom(value['xattrs']) }),
  }
  const entry = typedEntry(value, metadata)
  checkEntry(entry)
  return entry
}

function typedEntry(value: Record<string, unknown>, metadata: Omit<Extract<Entry, { type: 'fifo' }>, 'type'>): Entry {
  switch (value['type']) {
    case 'file':
      return { ...metadata, type: 'file', digest: digest(value, 'digest'), size: whole(value, 'size') }
    case 'directory':
      return { ...metadata, type: 'directory', tree: digest(value, 'tree'), stats: statsFrom(value['stats']) }
    case 'symlink':
      return { ...metadata, type: 'symlink', target: text(value, 'target') }
    case 'character':
      return { ...metadata, type: 'character', major: whole(value, 'major'), minor: whole(value, 'minor') }
    case 'block':
      return { ...metadata, type: 'block', major: whole(value, 'major'), minor: whole(value, 'minor') }
    case 'fifo':
      return { ...metadata, type: 'fifo' }
    default:
      throw invalid(`an entry of unknown type ${JSON.stringify(value['type'])}`)
  }
}

function statsFrom(value: unknown): TreeStats {
  if (!isRecord(value)) throw invalid('sums are missing')
  const stats = {
    files: whole(value, 'files'),
    directories: whole(value, 'directories'),
    bytes: whole(value, 'bytes'),
    newest: whole(value, 'newest'),
  }
  if (stats.files < 0 || stats.directories < 0 || stats.bytes < 0 || stats.newest < 0) throw invalid('negative sums')
  return stats
}

function xattrsFrom(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw invalid('extended attributes are no object')
  return Object.fromEntries(Object.keys(value).map((key) => [key, text(value, key)]))
}

function text(value: Record<string, unknown>, key: string): string {
  const member = memberOf(value, key)
  if (typeof member !== 'string') throw invalid(`${key} is no text`)
  return member
}

function whole(value: Record<string, unknown>, key: string): number {
  const member = memberOf(value, key)
  if (typeof member !== 'number' || !Number.isSafeInteger(member)) throw invalid(`${key} is no whole number`)
  return member
}

function digest(value: Record<string, unknown>, key: string): Digest {
  const member = memberOf(value, key)
  if (!isDigest(member)) throw invalid(`${key} is no digest`)
  return member
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch (cause) {
    throw fail('TREE_INVALID', { what: 'a directory object is no JSON', cause })
  }
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isId(value: number): boolean {
  return isWhole(value) && value <= 0xffff_ffff
}

function invalid(why: string): Error {
  return fail('TREE_INVALID', { what: `a directory object is invalid: ${why}` })
}
