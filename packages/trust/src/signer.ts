import type { Keyring, KeyringOptions, PublicKey } from './keyring.ts'
import type {
  AddChannelOptions,
  HolderKey,
  InitTrustOptions,
  PreparedFile,
  PrepareOptions,
  PublishStatementOptions,
  Renewal,
  RoleSigners,
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
 * Signs the timestamp anew, and what has lived more than half of its life: statements (the same words under the next number, which changes nothing for
 * nodes), channels, targets, snapshot, and the root file, each where this keyring signs for it alone. To be run well within the timestamp's life
 * (freeze protection, TUF 1.0 §1.5.2). It also revives what has expired. Ended after any step, it is simply repeated.
 * @throws TRUST_BUSY, METADATA_*, KEY_MISSING (of the timestamp), SIGNER_FAILED, DISK_FULL
 */
export async function refreshTrust(options: SiteOptions): Promise<readonly Renewal[]> {
  return (await import('./publish/refresh.ts')).refreshTrust(options)
}

/**
 * Replaces keys: the next root file names the new ones and is signed by old and new root keys (TUF 1.0 §6.1); what the roles have signed
 * is first signed by old and new keys, so that no client, before or after it sees the new root, meets a gap. Safe to repeat after an interruption.
 * @throws TRUST_BUSY, METADATA_*, KEY_MISSING, CHANNEL_UNKNOWN, DISK_FULL
 */
export async function rotateRoot(options: RotateRootOptions): Promise<{ readonly version: number }> {
  return (await import('./publish/rotate.ts')).rotateRoot(options)
}

/**
 * Prepares a change of who signs, for keys that are not all in this keyring: writes the next root file, and the next targets file where that
 * changes too, to a directory, signed by the keys that are here. Returns the files' paths. Nothing of the site is changed.
 * @throws THRESHOLD_UNREACHABLE, KEY_MISSING, CHANNEL_UNKNOWN, TRUST_BUSY, METADATA_* (the site's present state), DISK_FULL
 */
export async function prepareChange(options: PrepareOptions): Promise<readonly string[]> {
  return (await import('./publish/prepare.ts')).prepareChange(options)
}

/** What the files of a prepared change say, signatures not verified. @throws METADATA_MALFORMED, CHANGE_OUTDATED */
export async function describePrepared(directory: string): Promise<readonly PreparedFile[]> {
  return (await import('./publish/prepared.ts')).describePrepared(directory)
}

/**
 * Adds a key holder's signature to the files of a prepared change. Needs neither the site nor a keyring.
 * @throws METADATA_MALFORMED, KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED, SIGNER_FAILED, CHANGE_OUTDATED, DISK_FULL
 */
export async function signPrepared(directory: string, key: HolderKey): Promise<readonly PreparedFile[]> {
  const { fileKey, programKey } = await import('./signing/signing-key.ts')
  const opened = 'file' in key ? fileKey(key.file) : programKey(key.program, key.publicFile)
  return (await import('./publish/prepared.ts')).signPrepared(directory, opened)
}

/**
 * Publishes a prepared change once enough have signed it; what the keyring signs itself (snapshot, timestamp, channels) is signed with it. A
 * client rehearses first: too few signatures, and nothing is written.
 * @throws METADATA_UNSIGNED (too few signatures), CHANGE_OUTDATED, METADATA_*, TRUST_BUSY, KEY_MISSING, SIGNER_FAILED, DISK_FULL
 */
export async function publishPrepared(options: SiteOptions, directory: string): Promise<{ readonly version: number }> {
  return (await import('./publish/prepared.ts')).publishPrepared(options, directory)
}

/** Who signs for each role of a site, from its verified metadata. @throws METADATA_*, KEY_MISSING */
export async function listSigners(options: {
  readonly site: string
  readonly keyring: Keyring
}): Promise<readonly RoleSigners[]> {
  return (await import('./publish/signers.ts')).listSigners(options)
}

/** Makes a key holder's own key: FILE (private, mode 0600) and FILE.pub (PEM). @throws KEY_EXISTS, DISK_FULL */
export async function createHolderKey(file: string): Promise<PublicKey> {
  return (await import('./signing/holder-key.ts')).createHolderKey(file)
}

/** A public key in PEM. @throws KEY_MISSING, KEY_MALFORMED */
export async function readPublicKey(file: string): Promise<PublicKey> {
  return (await import('./signing/signing-key.ts')).readPublicKey(file)
}
