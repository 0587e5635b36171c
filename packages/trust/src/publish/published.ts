import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import { fail } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import { ROOT_BYTES, STATEMENT_BYTES, TARGETS_BYTES, TIMESTAMP_BYTES } from '../limits.ts'
import {
  channelRole,
  metadataFile,
  type RoleName,
  TIMESTAMP_FILE,
  targetFile,
  targetPath,
  TOP_ROLES,
} from '../roles.ts'
import type { ChannelStatement } from '../statement.ts'
import { memoryCache } from '../verify/cache.ts'
import { checkNamedBy, checkSignatures, digestOfTarget } from '../verify/checks.ts'
import { get, type TrustFetch } from '../verify/fetch.ts'
import {
  type Envelope,
  parseRoot,
  parseTargets,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
} from '../verify/metadata.ts'
import { parseStatement } from '../verify/parse-statement.ts'
import { followToTargets } from '../verify/refresh.ts'
import { trustedRoot, updateRoot } from '../verify/root-chain.ts'

/** What a site serves now, all of it verified. */
export interface Published {
  readonly root: Root
  readonly rootBytes: Buffer
  readonly timestamp: Timestamp
  readonly snapshot: Snapshot
  readonly targets: Targets
}

/** Before everything that exists: the publisher reads its own site whatever has expired, since renewing is what it is for. */
const EXPIRY_IGNORED = new Date(-8.64e15)

/**
 * Reads and verifies a site's present state. The newest root file must follow from the one that this keyring published last, or be signed by
 * its root key: what somebody else put into the site's directory must not be signed onwards.
 * @throws METADATA_*, KEY_MISSING
 */
export async function readPublished(site: string, keyring: Keyring): Promise<Published> {
  const { root, bytes: rootBytes } = (await readPinned(site, keyring)) ?? readRoot(site, keyring)
  const session = { cache: memoryCache(), initialRoot: rootBytes, fetch: siteFetch(site), now: EXPIRY_IGNORED }
  const timestampBytes = await get(session.fetch, TIMESTAMP_FILE, TIMESTAMP_BYTES)
  return { root, rootBytes, ...(await followToTargets(session, root, timestampBytes)) }
}

/** The end of the chain of root files that begins with the keyring's own; undefined if that is not one of this site. */
async function readPinned(
  site: string,
  keyring: Keyring,
): Promise<{ readonly root: Root; readonly bytes: Buffer } | undefined> {
  const pinned = keyring.pinnedRoot()
  if (pinned === undefined) return undefined
  const cache = memoryCache()
  const first = trustedRoot(cache, pinned)
  if (!readSiteFile(site, metadataFile('root', first.version), ROOT_BYTES)?.equals(pinned)) return undefined
  const root = await updateRoot(cache, siteFetch(site), first, EXPIRY_IGNORED)
  return { root, bytes: cache.read('root', ROOT_BYTES) ?? pinned }
}

function readRoot(site: string, keyring: Keyring): { readonly root: Root; readonly bytes: Buffer } {
  const name = metadataFile('root', highestVersion(site, 'root'))
  const bytes = readSiteFile(site, name, ROOT_BYTES)
  if (bytes === undefined)
    throw fail('METADATA_MISSING', { what: `${site} has no ${name}`, hint: 'give the site its trust metadata first' })
  const file = parseRoot(bytes, name)
  checkSignatures(file, file.signed.roles.root, file.signed.keys, name)
  checkOwnRoot(file, keyring, name)
  return { root: file.signed, bytes }
}

function checkOwnRoot(file: Envelope<Root>, keyring: Keyring, name: string): void {
  const own = [keyring.publicKey('root'), keyring.nextKey('root')].filter((key) => key !== undefined)
  const keys = new Map(own.map(({ keyId, key }) => [keyId, key]))
  checkSignatures(file, { keyids: [...keys.keys()], threshold: 1 }, keys, `${name}, by the keyring's own root key,`)
}

/** A channel's role as the site has it now. @throws CHANNEL_UNKNOWN, METADATA_* */
export function readChannel(site: string, published: Published, channel: string): Targets {
  const role = channelRole(channel)
  const delegation = published.targets.delegations.find((candidate) => candidate.name === role)
  const meta = published.snapshot.meta.get(`${role}.json`)
  if (delegation === undefined || meta === undefined)
    throw fail('CHANNEL_UNKNOWN', { what: `the site has no channel ${channel}` })
  const name = metadataFile(role, meta.version)
  const bytes = required(readSiteFile(site, name, TARGETS_BYTES), name)
  checkNamedBy(bytes, meta, name)
  const file = parseTargets(bytes, name)
  checkSignatures(file, delegation, published.targets.keys, name)
  return file.signed
}

/** @throws METADATA_*, STATEMENT_MALFORMED */
export function readStatement(site: string, targets: Targets, channel: string): ChannelStatement | undefined {
  const target = targets.targets.get(targetPath(channel))
  if (target === undefined) return undefined
  const name = targetFile(channel, digestOfTarget(target, targetPath(channel)))
  const bytes = required(readSiteFile(site, name, STATEMENT_BYTES), name)
  checkNamedBy(bytes, target, name)
  return parseStatement(bytes)
}

/** The statement a site serves now: see signer.ts. */
export async function publishedStatement(options: {
  readonly site: string
  readonly keyring: Keyring
  readonly channel: string
}): Promise<ChannelStatement | undefined> {
  const published = await readPublished(options.site, options.keyring)
  return readStatement(options.site, readChannel(options.site, published, options.channel), options.channel)
}

/** Ends rotations whose new keys the site names already: a rotation that was interrupted after its root file was published. */
export function settleRotations(keyring: Keyring, published: Published): void {
  const { root, targets } = published
  const settle = (role: RoleName, keyids: readonly string[]) => {
    if (!keyring.has(role)) return
    const next = keyring.nextKey(role)
    if (next !== undefined && keyids.includes(next.keyId) && !keyids.includes(keyring.publicKey(role).keyId))
      keyring.endRotation(role)
  }
  for (const role of TOP_ROLES) settle(role, root.roles[role].keyids)
  for (const channel of channelsOf(targets)) settle(channelRole(channel), keyIdsOf(targets, channel))
}

/** The channels a targets file delegates to, by name. */
export function channelsOf(targets: Targets): readonly string[] {
  return targets.delegations.map((delegation) => delegation.name.replace(/^channel-/, ''))
}

function keyIdsOf(targets: Targets, channel: string): readonly string[] {
  return targets.delegations.find((delegation) => delegation.name === channelRole(channel))?.keyids ?? []
}

/** The highest version of a role's files that lie on the site, published or left by an interrupted publish; 0 if there is none. */
export function highestVersion(site: string, role: RoleName): number {
  const suffix = `.${role}.json`
  const versions = namesIn(join(site, 'trust'))
    .filter((name) => name.endsWith(suffix) && /^[1-9]\d{0,14}$/.test(name.slice(0, -suffix.length)))
    .map((name) => Number(name.slice(0, -suffix.length)))
  return Math.max(0, ...versions)
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Reads a site's own files as a client would fetch them. */
export function siteFetch(site: string): TrustFetch {
  return async (path, maxBytes) => readSiteFile(site, path, maxBytes)
}

/** Undefined if there is no such file. @throws METADATA_TOO_LARGE */
export function readSiteFile(site: string, path: string, maxBytes: number): Buffer | undefined {
  const file = join(site, path)
  try {
    if (statSync(file).size > maxBytes)
      throw fail('METADATA_TOO_LARGE', { what: `${file} is larger than ${maxBytes} bytes` })
    return readFileSync(file)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function required(bytes: Buffer | undefined, name: string): Buffer {
  if (bytes === undefined) throw fail('METADATA_MISSING', { what: `the site has no ${name}` })
  return bytes
}
