import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compareText, type Digest, digestOf, hexOf } from '@holotype/base'
import type { FormatName } from '@holotype/formats'
import { buildTree, type EntryInput, type PathInput, type Store } from '@holotype/store'
import type { ImageManifest } from '../../types.ts'
import { unpackedKey } from '../../unpack/unpacked.ts'

/** What a test says of one path: text for a file, or the parts that matter. */
export interface SyntheticFile {
  readonly content?: string | Uint8Array
  readonly link?: string
  readonly device?: readonly [major: number, minor: number]
  readonly directory?: true
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: number
  readonly capabilities?: string
}

export interface SyntheticPackage {
  readonly name: string
  readonly version: string
  readonly architecture?: string
  readonly source?: string
  readonly sourceVersion?: string
  /** Paths without a leading slash. */
  readonly files?: Readonly<Record<string, SyntheticFile | string>>
  /** Text of usr/share/doc/NAME/changelog.Debian.gz, in the package's own tree only. */
  readonly changelog?: string
  /** More paths of the package's own tree that the image leaves out. */
  readonly pruned?: Readonly<Record<string, SyntheticFile | string>>
  /** Makes the package file another one of the same version. */
  readonly build?: string
}

export interface SyntheticImage {
  readonly name?: string
  /** `deb` if it says none. */
  readonly format?: FormatName
  /** What its lock was made from, by name. */
  readonly snapshots?: Readonly<Record<string, Digest>>
  readonly packages?: readonly SyntheticPackage[]
  /** Paths of the spec. */
  readonly files?: Readonly<Record<string, SyntheticFile | string>>
  /** What its manifest says besides; `exclusions` and `triggers` are empty if it says none. */
  readonly told?: Partial<Pick<ImageManifest, 'exclusions' | 'triggers' | 'health' | 'throttle'>>
  /** Its groups of names of one file each. */
  readonly hardlinks?: readonly (readonly string[])[]
  /** The mode of the root directory: 0755 if it says none. */
  readonly rootMode?: number
  /** Seconds every path without a time of its own has. */
  readonly mtime?: number
}

/** Stores an image as composition would: tree, lock, package set, owners, manifest, and each package's unpacked tree. */
export function storeImage(store: Store, image: SyntheticImage): Digest {
  const { mtime = 1_700_000_000, format = 'deb', snapshots = { test: digestOf('test') } } = image
  const paths = new Map<string, PathInput>()
  const owners = new Map<string, string>()
  const add = (path: string, file: SyntheticFile | string, owner: string) => {
    for (const input of withParents(store, path, file, mtime)) {
      if (paths.has(input.path) && input.path !== path) continue
      paths.set(input.path, input)
      owners.set(`/${input.path}`, owner)
    }
  }
  const packages = [...(image.packages ?? [])].sort((a, b) => compareText(a.name, b.name))
  for (const item of packages) {
    for (const [path, file] of Object.entries(item.files ?? {})) add(path, file, `package:${item.name}`)
    unpack(store, item, mtime)
  }
  for (const [path, file] of Object.entries(image.files ?? {})) add(path, file, 'spec')
  const root = buildTree(store, paths.values())
  const identities = packages.map(({ name, version, architecture = 'amd64' }) => ({ name, version, architecture }))
  return store.putJson({
    schema: 'holotype.image/1',
    name: image.name ?? 'web',
    format,
    architecture: 'amd64',
    root: { tree: root.digest, mode: image.rootMode ?? 0o755, uid: 0, gid: 0, mtime },
    stats: root.stats,
    lock: store.putJson({
      schema: 'holotype.lock/1',
      image: 'web',
      format,
      architecture: 'amd64',
      snapshots,
      packages: packages.map((item) => ({
        name: item.name,
        version: item.version,
        architecture: item.architecture ?? 'amd64',
        source: item.source ?? item.name,
        sourceVersion: item.sourceVersion ?? item.version,
        size: 1,
        sha256: hexOf(fileOf(item)),
        from: 'test',
      })),
    }),
    spec: store.putJson({ packages: [] }),
    packages: store.putJson(identities),
    owners: store.putJson(
      Object.fromEntries(
        [...Map.groupBy(owners.keys(), (path) => owners.get(path) ?? '')].map(([owner, list]) => [owner, list]),
      ),
    ),
    ...(image.hardlinks === undefined ? {} : { hardlinks: store.putJson(image.hardlinks) }),
    exclusions: [],
    triggers: [],
    ...image.told,
  })
}

function fileOf({ name, version, architecture = 'amd64', build = '' }: SyntheticPackage): Digest {
  return digestOf(`${name}_${version}_${architecture}.deb ${build}`)
}

function unpack(store: Store, item: SyntheticPackage, mtime: number): void {
  const paths = new Map<string, PathInput>()
  const own = { ...item.files, ...item.pruned, ...changelogFile(item) }
  for (const [path, file] of Object.entries(own)) {
    for (const input of withParents(store, path, file, mtime))
      if (!paths.has(input.path) || input.path === path) paths.set(input.path, input)
  }
  const { digest } = buildTree(store, paths.values())
  const unpacked = store.putJson({ schema: 'holotype.unpacked/1', tree: digest, fields: [], control: {} })
  store.remember(unpackedKey(fileOf(item)), unpacked)
}

function changelogFile({ name, changelog }: SyntheticPackage): Record<string, SyntheticFile> {
  if (changelog === undefined) return {}
  return { [`usr/share/doc/${name}/changelog.Debian.gz`]: { content: gzipSync(changelog) } }
}

function* withParents(store: Store, path: string, file: SyntheticFile | string, mtime: number): Generator<PathInput> {
  const parts = path.split('/')
  for (let length = 1; length < parts.length; length++) {
    const parent: EntryInput = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime }
    yield { path: parts.slice(0, length).join('/'), entry: parent }
  }
  yield {
    path: posix.normalize(path),
    entry: entryOf(store, typeof file === 'string' ? { content: file } : file, mtime),
  }
}

function entryOf(store: Store, file: SyntheticFile, defaultTime: number): EntryInput {
  const { uid = 0, gid = 0, mtime = defaultTime } = file
  const common = {
    uid,
    gid,
    mtime,
    ...(file.capabilities === undefined ? {} : { xattrs: { 'security.capability': file.capabilities } }),
  }
  if (file.directory) return { type: 'directory', mode: file.mode ?? 0o755, ...common }
  if (file.link !== undefined) return { type: 'symlink', mode: 0o777, target: file.link, ...common }
  if (file.device)
    return { type: 'character', mode: file.mode ?? 0o600, major: file.device[0], minor: file.device[1], ...common }
  const bytes = Buffer.from(file.content ?? '')
  return { type: 'file', mode: file.mode ?? 0o644, digest: store.put(bytes), size: bytes.length, ...common }
}

/** One entry of a Debian changelog. */
export function changelogEntry(
  source: string,
  version: string,
  text: string,
  { suite = 'unstable', urgency = 'medium' }: { readonly suite?: string; readonly urgency?: string } = {},
): string {
  const lines = text.split('\n').map((line) => `  * ${line}`)
  return `${source} (${version}) ${suite}; urgency=${urgency}\n\n${lines.join('\n')}\n\n -- A Maintainer <a@example.org>  Mon, 06 Jan 2025 10:00:00 +0000\n\n`
}
