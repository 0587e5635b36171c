import type { Keyring } from '../keyring.ts'
import type { SiteOptions } from '../site.ts'
import { ROLE_LIFETIMES } from '../limits.ts'
import { channelRole, type RoleName, type TopRole } from '../roles.ts'
import type { MetaFile, Root, Snapshot, TargetFile, Targets } from '../verify/metadata.ts'
import {
  channelDocument,
  expiryAfter,
  metaOf,
  type SiteFile,
  signDocument,
  type Signers,
  signersOf,
  snapshotDocument,
  targetsDocument,
  timestampDocument,
} from './documents.ts'
import { highestVersion } from './published.ts'

/** What is to be said anew. What is not named stays as it is. */
export interface Changes {
  /** Every channel of the site with those who sign for it; or the whole file, of this version, signed already. */
  readonly targets?: ReadonlyMap<string, Signers> | { readonly version: number; readonly file: SiteFile }
  /** The channels whose role is signed anew. */
  readonly channels?: ReadonlyMap<string, { readonly statement: TargetFile | undefined; readonly expires: string }>
}

/** What stands on the site; absent for a site's first files. */
export interface Base {
  readonly timestamp: { readonly version: number }
  readonly snapshot: Snapshot
}

/**
 * The files of one publish, in the order in which they are written: channel roles, targets, snapshot, and at last the timestamp, which alone
 * replaces a file (TUF 1.0 §6.2.1). Each other one gets a version that no file of the site ever had, not even one that an interrupted publish left
 * behind: a name once served may be cached for ever.
 */
export async function issue(
  options: SiteOptions,
  base: Base | undefined,
  changes: Changes,
): Promise<readonly SiteFile[]> {
  const { site, keyring } = options
  const meta = new Map<string, MetaFile>(base?.snapshot.meta)
  const files: SiteFile[] = []
  const versionOf = (role: RoleName) => 1 + Math.max(highestVersion(site, role), meta.get(`${role}.json`)?.version ?? 0)
  const add = async (role: RoleName, document: { readonly version: number; readonly expires: string }) => {
    const file = await signDocument(keyring, role, document)
    files.push(file)
    meta.set(`${role}.json`, metaOf(file, document.version))
  }
  for (const [channel, { statement, expires }] of changes.channels ?? []) {
    const role = channelRole(channel)
    await add(role, channelDocument({ version: versionOf(role), expires }, channel, statement))
  }
  if (changes.targets !== undefined && 'file' in changes.targets) {
    const { file, version } = changes.targets
    files.push(file)
    meta.set('targets.json', metaOf(file, version))
  } else if (changes.targets !== undefined)
    await add(
      'targets',
      targetsDocument({ version: versionOf('targets'), expires: expiryOf(options, 'targets') }, changes.targets),
    )
  const version = 1 + Math.max(highestVersion(site, 'snapshot'), base?.snapshot.version ?? 0)
  const snapshot = await signDocument(
    keyring,
    'snapshot',
    snapshotDocument({ version, expires: expiryOf(options, 'snapshot') }, meta),
  )
  return [...files, snapshot, await timestampFile(options, base, metaOf(snapshot, version))]
}

/** Whether this keyring alone reaches a top role's threshold; else its file is prepared here and signed elsewhere (prepare.ts). */
export function canSign(keyring: Keyring, role: TopRole, { root }: { readonly root: Root }): boolean {
  const { keyids, threshold } = root.roles[role]
  return threshold === 1 && keyring.has(role) && keyids.includes(keyring.publicKey(role).keyId)
}

/** The next timestamp over a snapshot. */
export async function timestampFile(
  options: SiteOptions,
  base: Base | undefined,
  snapshot: MetaFile,
): Promise<SiteFile> {
  const common = { version: 1 + (base?.timestamp.version ?? 0), expires: expiryOf(options, 'timestamp') }
  return signDocument(options.keyring, 'timestamp', timestampDocument(common, snapshot))
}

export function expiryOf(options: SiteOptions, role: TopRole): string {
  return expiryAfter(options.now, options.expires?.[role] ?? ROLE_LIFETIMES[role])
}

/** True once more than half of a role's life is over, so that renewing does not wait for the last day. */
export function isHalfOver(options: SiteOptions, role: TopRole, expires: string): boolean {
  const lifetime = options.expires?.[role] ?? ROLE_LIFETIMES[role]
  return Date.parse(expires) - options.now.getTime() < (lifetime * 1000) / 2
}

/** Who signs for a targets file's channels, as `issue` takes them. */
export function channelSigners(targets: Targets): ReadonlyMap<string, Signers> {
  return new Map(
    targets.delegations.map((delegation) => [
      delegation.name.replace(/^channel-/, ''),
      signersOf(delegation, targets.keys),
    ]),
  )
}
