import { HolotypeError } from '@holotype/base'
import { fail } from '../errors.ts'
import { SNAPSHOT_BYTES, STATEMENT_BYTES, TARGETS_BYTES, TIMESTAMP_BYTES } from '../limits.ts'
import { channelRole, metadataFile, TIMESTAMP_FILE, targetFile, targetPath } from '../roles.ts'
import type { ChannelStatement } from '../statement.ts'
import type { Cache } from './cache.ts'
import {
  checkExpiry,
  checkForward,
  checkNamedBy,
  checkSignatures,
  checkVersion,
  digestOfTarget,
  isNamedBy,
} from './checks.ts'
import { get, type TrustFetch } from './fetch.ts'
import {
  type Envelope,
  type Keys,
  type MetaFile,
  parseSnapshot,
  parseTargets,
  parseTimestamp,
  type RoleKeys,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
} from './metadata.ts'
import { parseStatement } from './parse-statement.ts'
import { trustedRoot, updateRoot } from './root-chain.ts'

/** One run of the client workflow (TUF 1.0 §5). `now` is its start time, fixed (§5.1). */
export interface Session {
  readonly cache: Cache
  readonly initialRoot: Uint8Array
  readonly fetch: TrustFetch
  readonly now: Date
}

export interface Refreshed {
  readonly statement: ChannelStatement
  readonly changed: boolean
}

/**
 * The client workflow for one channel. It begins with the timestamp, not with the root: a timestamp that is byte for byte the verified one
 * can bring nothing new, so if all that hangs on it verifies from the cache (expiry included), that one file was all there was to fetch.
 * Whoever could replay an old timestamp could hold back a new root as well, so nothing is lost by it.
 */
export async function refresh(session: Session, channel: string): Promise<Refreshed> {
  channelRole(channel)
  const trusted = trustedRoot(session.cache, session.initialRoot)
  const bytes = await get(session.fetch, TIMESTAMP_FILE, TIMESTAMP_BYTES) // 5.4.1
  if (session.cache.read('timestamp', TIMESTAMP_BYTES)?.equals(bytes)) {
    const unchanged = await fromCache(session, trusted, bytes, channel)
    if (unchanged !== undefined) return unchanged
  }
  const root = await updateRoot(session.cache, session.fetch, trusted, session.now)
  // The timestamp came before the root: with another root in force it is asked for again.
  return follow(
    session,
    root,
    root === trusted ? bytes : await get(session.fetch, TIMESTAMP_FILE, TIMESTAMP_BYTES),
    channel,
  )
}

/** The whole workflow without a network: undefined if the cache does not hold it all, or not verifiably so. */
async function fromCache(session: Session, root: Root, bytes: Buffer, channel: string): Promise<Refreshed | undefined> {
  try {
    checkExpiry(root.expires, session.now, metadataFile('root', root.version)) // 5.3.10
    return await follow({ ...session, fetch: async () => undefined }, root, bytes, channel)
  } catch (error) {
    if (error instanceof HolotypeError) return undefined
    throw error
  }
}

/** 5.4 to 5.7, from a timestamp's bytes to a statement. Asks the network only for what the cache does not hold. */
async function follow(session: Session, root: Root, bytes: Buffer, channel: string): Promise<Refreshed> {
  const { snapshot, targets } = await followToTargets(session, root, bytes)
  // 5.6.7: our sites delegate one level deep, each channel's one path to the role of its name; nothing else is looked into.
  const role = channelRole(channel)
  const delegation = targets.delegations.find((candidate) => candidate.paths.includes(targetPath(channel)))
  if (delegation === undefined || delegation.name !== role)
    throw fail('CHANNEL_UNKNOWN', { what: `the site has no channel ${channel}` })
  const delegated = await updateTargets(session, snapshot, delegation, targets.keys)
  return updateStatement(session, delegated, channel)
}

/** 5.4 to 5.6.6: what all channels share. */
export async function followToTargets(
  session: Session,
  root: Root,
  bytes: Buffer,
): Promise<{ readonly timestamp: Timestamp; readonly snapshot: Snapshot; readonly targets: Targets }> {
  const timestamp = updateTimestamp(session, root, bytes)
  const snapshot = await updateSnapshot(session, root, timestamp)
  const targets = await updateTargets(session, snapshot, { name: 'targets', ...root.roles.targets }, root.keys)
  return { timestamp, snapshot, targets }
}

function updateTimestamp(session: Session, root: Root, bytes: Buffer): Timestamp {
  const { cache, now } = session
  const verify = (from: Uint8Array) => {
    const file = parseTimestamp(from, TIMESTAMP_FILE)
    checkSignatures(file, root.roles.timestamp, root.keys, TIMESTAMP_FILE) // 5.4.2
    return file.signed
  }
  const offered = verify(bytes)
  const old = fromOwnCache(cache.read('timestamp', TIMESTAMP_BYTES), verify)
  if (old !== undefined) {
    checkForward(offered.version, old.version, TIMESTAMP_FILE) // 5.4.3.1
    checkForward(offered.snapshot.version, old.snapshot.version, 'the snapshot that the timestamp names') // 5.4.3.2
  }
  // 5.4.3.1: of two with one version the one seen first stays, whatever the other says
  const stays = old !== undefined && old.version === offered.version
  const timestamp = stays ? old : offered
  checkExpiry(timestamp.expires, now, TIMESTAMP_FILE) // 5.4.4
  if (!stays) cache.write('timestamp', bytes) // 5.4.5
  return timestamp
}

async function updateSnapshot(session: Session, root: Root, timestamp: Timestamp): Promise<Snapshot> {
  const { cache, now } = session
  const meta = timestamp.snapshot
  const name = metadataFile('snapshot', meta.version)
  const verify = (from: Uint8Array) => signed(parseSnapshot(from, name), root.roles.snapshot, root.keys, name) // 5.5.3
  const cached = cache.read('snapshot', SNAPSHOT_BYTES)
  const old = fromOwnCache(cached, verify)
  const stays = cached !== undefined && old !== undefined && old.version === meta.version && isNamedBy(cached, meta)
  const bytes = stays ? cached : await fetchNamed(session.fetch, name, meta, SNAPSHOT_BYTES) // 5.5.1, 5.5.2
  const snapshot = stays ? old : verify(bytes)
  checkVersion(snapshot.version, meta.version, name) // 5.5.4
  if (old !== undefined) checkSnapshotForward(snapshot, old, name) // 5.5.5
  checkExpiry(snapshot.expires, now, name) // 5.5.6
  if (!stays) cache.write('snapshot', bytes) // 5.5.7
  return snapshot
}

function checkSnapshotForward(snapshot: Snapshot, old: Snapshot, name: string): void {
  for (const [file, seen] of old.meta) {
    const meta = snapshot.meta.get(file)
    if (meta === undefined)
      throw fail('METADATA_ROLLBACK', { what: `${name} no longer lists ${file}`, data: { file: name } })
    checkForward(meta.version, seen.version, `${file} as ${name} lists it`)
  }
}

/** The top targets file and a delegated one alike: both are named by the snapshot (5.6.1 to 5.6.6). */
export async function updateTargets(
  session: Session,
  snapshot: Snapshot,
  role: RoleKeys & { readonly name: string },
  keys: Keys,
): Promise<Targets> {
  const { cache, now } = session
  const meta = snapshot.meta.get(`${role.name}.json`)
  if (meta === undefined)
    throw fail('METADATA_MISMATCH', { what: `the snapshot does not list ${role.name}.json`, data: { file: role.name } })
  const name = metadataFile(role.name, meta.version)
  const verify = (from: Uint8Array) => signed(parseTargets(from, name), role, keys, name) // 5.6.3
  const cached = cache.read(role.name, TARGETS_BYTES)
  const old = cached !== undefined && isNamedBy(cached, meta) ? fromOwnCache(cached, verify) : undefined
  const stays = cached !== undefined && old !== undefined && old.version === meta.version
  const bytes = stays ? cached : await fetchNamed(session.fetch, name, meta, TARGETS_BYTES) // 5.6.1, 5.6.2
  const targets = stays ? old : verify(bytes)
  checkVersion(targets.version, meta.version, name) // 5.6.4
  checkExpiry(targets.expires, now, name) // 5.6.5
  if (!stays) cache.write(role.name, bytes) // 5.6.6
  return targets
}

async function updateStatement(session: Session, targets: Targets, channel: string): Promise<Refreshed> {
  const { cache, now } = session
  const target = targets.targets.get(targetPath(channel))
  if (target === undefined) throw fail('STATEMENT_MISSING', { what: `the channel ${channel} has no statement yet` }) // 5.7.2
  const name = targetFile(channel, digestOfTarget(target, targetPath(channel)))
  const cached = cache.read(`statement-${channel}`, STATEMENT_BYTES)
  const old = fromOwnCache(cached, parseStatement)
  const stays = cached !== undefined && old !== undefined && isNamedBy(cached, target)
  const bytes = stays ? cached : await fetchNamed(session.fetch, name, target, STATEMENT_BYTES) // 5.7.3
  const statement = stays ? old : parseStatement(bytes)
  if (statement.channel !== channel)
    throw fail('STATEMENT_MALFORMED', { what: `${name} is a statement of the channel ${statement.channel}` })
  if (!stays && old !== undefined) checkStatementForward(statement, old)
  checkExpiry(statement.expires, now, `statement ${statement.number} of the channel ${channel}`)
  if (!stays) cache.write(`statement-${channel}`, bytes)
  return { statement, changed: !stays }
}

/** Ours, besides TUF: its versions start anew when timestamp or snapshot keys are rotated (5.3.11), a channel's numbers never do. */
function checkStatementForward(statement: ChannelStatement, old: ChannelStatement): void {
  if (statement.number > old.number) return
  const same = statement.number === old.number
  throw fail('STATEMENT_ROLLBACK', {
    what: `the site serves ${same ? 'another' : 'the older'} statement ${statement.number} of the channel ${old.channel}; number ${old.number} was seen before`,
    data: { channel: old.channel, number: statement.number, seen: old.number },
  })
}

function signed<T>(file: Envelope<T>, role: RoleKeys, keys: Keys, name: string): T {
  checkSignatures(file, role, keys, name)
  return file.signed
}

/** What the cache holds, if it still verifies: a file signed by keys that have been replaced since, or damaged, counts as absent. */
function fromOwnCache<T>(bytes: Buffer | undefined, verify: (bytes: Uint8Array) => T): T | undefined {
  if (bytes === undefined) return undefined
  try {
    return verify(bytes)
  } catch (error) {
    if (error instanceof HolotypeError) return undefined
    throw error
  }
}

/** @throws METADATA_TOO_LARGE, METADATA_MISSING, METADATA_MISMATCH */
export async function fetchNamed(
  fetch: TrustFetch,
  name: string,
  meta: Omit<MetaFile, 'version'>,
  maxBytes: number,
): Promise<Buffer> {
  const bytes = await get(fetch, name, Math.min(meta.length ?? maxBytes, maxBytes))
  checkNamedBy(bytes, meta, name)
  return bytes
}
