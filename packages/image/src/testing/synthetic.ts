import { buildTree, type EntryInput, type Store } from '@holotype/store'
import type { PathMap } from '../compose/path-map.ts'
import type { LockedUnpacked } from '../unpack/unpack-all.ts'
import { addMissingParents } from '../unpack/unpack-package.ts'

/** Text of a file, `-> TARGET` of a link, `/` of a directory; or a whole entry. */
export type SyntheticPath = string | EntryInput

const METADATA = { uid: 0, gid: 0, mtime: 1_700_000_000 }

/** What lies at one path, from a few characters. */
export function entryOf(store: Store, path: SyntheticPath): EntryInput {
  if (typeof path !== 'string') return path
  if (path === '/') return { type: 'directory', mode: 0o755, ...METADATA }
  if (path.startsWith('-> ')) return { type: 'symlink', mode: 0o777, ...METADATA, target: path.slice(3) }
  const bytes = Buffer.from(path)
  return { type: 'file', mode: 0o644, ...METADATA, digest: store.put(bytes), size: bytes.length }
}

/** An image's paths, with the directories above them. */
export function mapOf(store: Store, paths: Readonly<Record<string, SyntheticPath>>, owner = 'package:base'): PathMap {
  return new Map([...entriesOf(store, paths)].map(([path, entry]) => [path, { entry, owner }]))
}

function entriesOf(store: Store, paths: Readonly<Record<string, SyntheticPath>>): Map<string, EntryInput> {
  const entries = new Map(Object.entries(paths).map(([path, value]) => [path, entryOf(store, value)]))
  addMissingParents(entries)
  return entries
}

export interface SyntheticUnpacked {
  readonly name: string
  readonly version?: string
  readonly architecture?: string
  readonly files?: Readonly<Record<string, SyntheticPath>>
  readonly fields?: LockedUnpacked['unpacked']['fields']
  /** Members of control.tar: text, executable where it begins with `#!`. */
  readonly control?: Readonly<Record<string, string>>
}

/** A package as unpacking leaves it in the store. */
export function unpackedOf(store: Store, made: SyntheticUnpacked): LockedUnpacked {
  const { name, version = '1', architecture = 'amd64', files = {}, fields = [], control = {} } = made
  const tree = buildTree(
    store,
    [...entriesOf(store, files)].map(([path, entry]) => ({ path, entry })),
  )
  const own = [
    ['Package', name],
    ['Version', version],
    ['Architecture', architecture],
    ['Maintainer', 'Jane Doe <jane@example.org>'],
    ['Description', 'a sample'],
  ] as const
  const members = Object.entries(control).map(([member, text]) => [
    member,
    { digest: store.put(Buffer.from(text)), mode: text.startsWith('#!') ? 0o755 : 0o644 },
  ])
  return {
    name,
    version,
    architecture,
    unpacked: {
      schema: 'holotype.unpacked/1',
      tree: tree.digest,
      fields: [...own, ...fields],
      control: Object.fromEntries(members),
    },
  }
}
