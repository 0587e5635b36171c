import type { Keyring, KeyringOptions } from './keyring.ts'
import type {
  AddChannelOptions,
  InitTrustOptions,
  PublishStatementOptions,
  RotateRootOptions,
  SiteOptions,
} from './site.ts'
import type { ChannelStatement } from './statement.ts'

/*
 * The doors to the rooms that handle private keys (signing/) and write a site (publish/). Each loads its room only when it is called, so
 * that the agent, which never calls them, pays nothing for them and has none of their code in memory.
 */

/**
 * Makes a keyring: a directory (mode 0700) with a private key per role (mode 0600) and one OpenPGP key for repositories. Keys that are
 * there already stay as they are; only missing ones are made, so an interrupted call is repeated safely.
 * @throws KEY_PERMISSIONS, DISK_FULL
 */
export async function createKeyring(directory: string, options: KeyringOptions = {}): Promise<Keyring> {
  return (await import('./signing/keyring.ts')).createKeyring(directory, options)
}

/**
 * Opens a keyring. Keys are read when they are first used.
 * @throws KEY_MISSING (no such directory), KEY_PERMISSIONS
 */
export async function openKeyring(directory: string): Promise<Keyring> {
  return (await import('./signing/keyring.ts')).openKeyring(directory)
}

/**
 * Gives a site its first trust metadata, with channels that have no statement yet. Channel keys that the keyring lacks are made.
 * Returns the bytes of `trust/1.root.json`: what every node must be given by a way that is trusted already.
 * @throws TRUST_EXISTS, TRUST_BUSY, KEY_MISSING, KEY_PERMISSIONS, CHANNEL_UNKNOWN (a bad name), DISK_FULL
 */
export async function initTrust(options: InitTrustOptions): Promise<{ readonly root: Buffer }> {
  return (await import('./publish/init.ts')).initTrust(options)
}

/**
 * Adds a channel, without a statement yet, to a site. A key that the keyring lacks is made.
 * @throws CHANNEL_EXISTS, CHANNEL_UNKNOWN (a bad name), TRUST_BUSY, METADATA_* (the site's present state), KEY_MISSING, DISK_FULL
 */
export async function addChannel(options: AddChannelOptions): Promise<void> {
  return (await import('./publish/channel.ts')).addChannel(options)
}

/**
 * Publishes a channel statement: statement, channel role, snapshot, and at last the timestamp, each under a name never used before and
 * made durable before the next. Ended after any step, every client still sees the old state, and the next publish works (invariant 1).
 * All objects that the statement names must be on the site already.
 * @throws STATEMENT_NOT_FORWARD, STATEMENT_MALFORMED, STATEMENT_OBJECT_MISSING, METADATA_EXPIRED (of the statement), CHANNEL_UNKNOWN,
 * TRUST_BUSY, METADATA_* (the site's present state), KEY_MISSING, DISK_FULL
 */
export async function publishStatement(options: PublishStatementOptions): Promise<void> {
  return (await import('./publish/channel.ts')).publishStatement(options)
}

/**
 * The statement a site serves for a channel now, verified with the keyring's public keys; undefined if it has none yet. Expiry is not looked at.
 * @throws CHANNEL_UNKNOWN, METADATA_*, KEY_MISSING
 */
export async function publishedStatement(options: {
  readonly site: string
  readonly keyring: Keyring
  readonly channel: string
}): Promise<ChannelStatement | undefined> {
  return (await import('./publish/published.ts')).publishedStatement(options)
}

/**
 * Signs the timestamp anew, and the snapshot and targets files when more than half of their life is over. To be run well within the
 * timestamp's life (freeze protection, TUF 1.0 §1.5.2).
 * @throws TRUST_BUSY, METADATA_*, KEY_MISSING, DISK_FULL
 */
export async function refreshTimestamp(options: SiteOptions): Promise<void> {
  return (await import('./publish/refresh.ts')).refreshTimestamp(options)
}

/**
 * Replaces keys: the next root file names the new ones and is signed by old and new root keys (TUF 1.0 §6.1); what the roles have signed
 * is first signed by old and new keys, so that no client, before or after it sees the new root, meets a gap. Safe to repeat after an interruption.
 * @throws TRUST_BUSY, METADATA_*, KEY_MISSING, CHANNEL_UNKNOWN, DISK_FULL
 */
export async function rotateRoot(options: RotateRootOptions): Promise<{ readonly version: number }> {
  return (await import('./publish/rotate.ts')).rotateRoot(options)
}
