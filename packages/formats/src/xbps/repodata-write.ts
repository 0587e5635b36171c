import { isErrorCode } from '@holotype/base'
import { fail } from '../errors.ts'
import type {
  IndexToWrite,
  RepositoryEntry,
  RepositorySettings,
  RepositorySigner,
  RepositoryTop,
  RepositoryWriter,
  WrittenIndex,
} from '../repository-writer.ts'
import type { InspectedPackage, PackageRecord } from '../types.ts'
import {
  PLIST_CLOSING,
  PLIST_OPENING,
  type PlistDictionary,
  type PlistValue,
  renderEntry,
  renderPlist,
} from './plist.ts'
import { isArchitecture, splitPkgver } from './pkgver.ts'
import { propsOf, recordProperties } from './props.ts'
import { recordOf } from './record.ts'
import { USTAR_END, ustarHeader, ustarPadding } from './ustar.ts'
import { versionKey } from './version-key.ts'

/** The part of an entry: a key of index.plist with its dict. */
const PART = 'index'
/** Packages for any architecture: listed in the repodata of each. */
const NOARCH = 'noarch'
/** What xbps-rindex(1) leaves out of a package's properties: the first two are in pkgver. */
const LEFT_OUT = ['pkgname', 'version', 'packaged-with']

/**
 * Repositories as xbps-rindex(1) writes them: one directory with the packages, `.sig2` beside each, and `ARCH-repodata`. That is a tar
 * whose first member, index.plist, holds all packages by name; index-meta.plist names the key of the packages; stage.plist is empty, for a
 * state of ours appears at once. Beside it lies `ARCH-repodata.sig`, a detached OpenPGP signature over the file, which xbps itself does
 * not look at: it lets who mirrors or locks this repository know that the index is whole and ours.
 *
 * A dict has one value for each name, and of several the last: so versions of one name are sorted from old to new and clients see the newest.
 */
export const repository: RepositoryWriter = {
  packagePath: (record) => packagePath(record),
  companions: async (file, path, signer) => new Map([[`${path}.sig2`, Buffer.from(await signer.signFileRsa(file))]]),
  renderEntry: renderPackage,
  oneVersion: true,
  sortKey: ({ name, version, architecture }) => `${name}\0${versionKey(version)}\0${version}\0${architecture}`,
  prepare: async (settings, signer) => ({ ...settings, packageKey: await signer.rsaPublicKey() }),
  indexes: indexesFor,
  tops: topsOf,
  indexesOf: () => [],
}

/** Where the index of an architecture lies below the base. */
export function repodataPath(architecture: string): string {
  if (!isArchitecture(architecture)) throw unwritable(`"${architecture}" is no architecture`)
  return `${architecture}-repodata`
}

function packagePath({ name, version, architecture }: PackageRecord): string {
  if (!splitPkgver(`${name}-${version}`) || !isArchitecture(architecture))
    throw unwritable(`${name}-${version}.${architecture} is no name of a package of xbps`)
  return `${name}-${version}.${architecture}.xbps`
}

/** @throws REPOSITORY_UNWRITABLE */
function renderPackage(inspected: InspectedPackage, path: string): RepositoryEntry {
  const { record, fields, control } = inspected
  if (path !== packagePath(record)) throw unwritable(`${path} is not where xbps looks for it: ${packagePath(record)}`)
  const props = propertiesOf({ fields, control })
  for (const name of LEFT_OUT) props.delete(name)
  props.set('filename-sha256', record.sha256).set('filename-size', record.size)
  const complain = (what: string, cause?: unknown) => fail('REPOSITORY_UNWRITABLE', { what, cause })
  return {
    record: recordOf(recordProperties(props, complain), complain),
    parts: { [PART]: Buffer.from(renderEntry(record.name, props, 1)) },
  }
}

function propertiesOf(content: Pick<InspectedPackage, 'fields' | 'control'>): Map<string, PlistValue> {
  try {
    return new Map(propsOf(content, installedSize(content.fields)))
  } catch (error) {
    if (isErrorCode(error, 'PACKAGE_UNWRITABLE'))
      throw fail('REPOSITORY_UNWRITABLE', { what: error.message, cause: error })
    throw error
  }
}

function installedSize(fields: InspectedPackage['fields']): number {
  const value = Number(fields.find(([name]) => name === 'installed_size')?.[1] ?? 0)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}

function indexesFor(settings: RepositorySettings): IndexToWrite[] {
  const architectures = settings.architectures.filter((architecture) => architecture !== NOARCH)
  if (architectures.length === 0)
    throw unwritable('no architecture is named but noarch, which clients look for under their own')
  return architectures.map((architecture) => ({
    name: repodataPath(architecture),
    part: PART,
    architectures: [architecture, NOARCH],
    // A dict without entries is written as a member without bytes, as xbps-rindex does.
    opening: (count, size) =>
      count === 0
        ? memberHeader('index.plist', 0)
        : Buffer.concat([memberHeader('index.plist', indexBytes(size)), OPENING]),
    closing: (count, size) =>
      Buffer.concat([
        ...(count === 0 ? [] : [CLOSING, ustarPadding(indexBytes(size))]),
        ...metaMember(settings),
        memberHeader('stage.plist', 0),
        USTAR_END,
      ]),
    forms: [{ compression: 'zst', level: 9 }],
  }))
}

const OPENING = Buffer.from(PLIST_OPENING)
const CLOSING = Buffer.from(PLIST_CLOSING)

function indexBytes(size: number): number {
  return OPENING.length + size + CLOSING.length
}

function memberHeader(name: string, size: number): Buffer {
  return ustarHeader({ name, type: 'file', mode: 0o644, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 0, size })
}

/** index-meta.plist: whose packages these are. Without a key it is empty, and clients take the packages unsigned. */
function metaMember({ packageKey }: RepositorySettings): Buffer[] {
  if (!packageKey) return [memberHeader('index-meta.plist', 0)]
  const meta: PlistDictionary = new Map<string, PlistValue>([
    ['public-key', Buffer.from(packageKey.pem)],
    ['public-key-size', packageKey.bits],
    ['signature-by', packageKey.signedBy],
    ['signature-type', 'rsa'],
  ])
  const bytes = Buffer.from(renderPlist(meta))
  return [memberHeader('index-meta.plist', bytes.length), bytes, ustarPadding(bytes.length)]
}

async function topsOf(
  _settings: RepositorySettings,
  indexes: readonly WrittenIndex[],
  signer: RepositorySigner,
): Promise<RepositoryTop[]> {
  const tops: RepositoryTop[] = []
  for (const index of indexes) {
    tops.push({ path: index.name, content: index })
    tops.push({ path: `${index.name}.sig`, content: Buffer.from(await signer.signFile(index.file)) })
  }
  return tops
}

function unwritable(what: string): Error {
  return fail('REPOSITORY_UNWRITABLE', { what })
}
