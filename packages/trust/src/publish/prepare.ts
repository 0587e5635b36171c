import { mkdirSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { canonicalJson, writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import { withKeyId } from '../key-id.ts'
import { channelRole, metadataFile, type RoleName, TOP_ROLES } from '../roles.ts'
import type { PrepareOptions, SignerChange } from '../site.ts'
import {
  oneSigner,
  rootDocument,
  signDocument,
  type Signers,
  signersOf,
  type SiteFile,
  targetsDocument,
} from './documents.ts'
import { channelSigners, expiryOf } from './issue.ts'
import { withSiteLock } from './lock.ts'
import { channelsOf, highestVersion, type Published, readPublished, settleRotations } from './published.ts'
import { afterRotation } from './rotate.ts'

/*
 * A change of who signs, for keys that are not all here: the next root file, and the next targets file where that changes too, are written to
 * a directory; each holder signs them on a machine of their own; the directory comes back and is published (prepared.ts). The files
 * are TUF metadata and nothing else.
 */

/** Prepares a change: see signer.ts. */
export async function prepareChange(options: PrepareOptions): Promise<readonly string[]> {
  const { site, keyring } = options
  return withSiteLock(site, async () => {
    const published = await readPublished(site, keyring)
    settleRotations(keyring, published)
    mkdirSync(options.directory, { recursive: true })
    if (readdirSync(options.directory).length > 0)
      throw fail('CHANGE_OUTDATED', {
        what: `${options.directory} is not empty`,
        hint: 'name a directory of its own for each change',
      })
    for (const role of options.rotate ?? []) keyring.startRotation(role)
    const files = await changedFiles(options, published)
    return files.map(({ path, bytes }) => {
      const to = join(options.directory, basename(path))
      writeFileAtomic(to, bytes)
      return to
    })
  })
}

async function changedFiles(options: PrepareOptions, published: Published): Promise<readonly SiteFile[]> {
  const { site, keyring, changes } = options
  const before = signersNow(published)
  const after = new Map(before)
  for (const change of changes)
    after.set(
      change.role,
      isNewChannel(change, after) ? newChannel(options, change.role) : changed(after.get(change.role), change),
    )
  // A key that this keyring is about to use in the place of another.
  for (const [role, signers] of after) if (keyring.has(role)) after.set(role, afterRotation(keyring, role, signers))
  for (const [role, { keys, threshold }] of after)
    if (threshold < 1 || threshold > keys.length)
      throw fail('THRESHOLD_UNREACHABLE', { what: `${role} would need ${threshold} signatures of ${keys.length} keys` })
  const of = (role: (typeof TOP_ROLES)[number]) => after.get(role) ?? { keys: [], threshold: 1 }
  const top = { root: of('root'), targets: of('targets'), snapshot: of('snapshot'), timestamp: of('timestamp') }
  const version = published.root.version + 1
  const root = rootDocument({ version, expires: expiryOf(options, 'root') }, top)
  const files = [await signedHere(options, 'root', root)]
  const touched = (role: RoleName) =>
    canonicalJson({ signers: before.get(role) }) !== canonicalJson({ signers: after.get(role) })
  const channels = [...after].flatMap(([role, signers]) =>
    role.startsWith('channel-') ? [[role.replace(/^channel-/, ''), signers] as const] : [],
  )
  // Without a change both are renewed: this is how they get a new expiry where their keys are elsewhere.
  const renewed = ![...after.keys()].some(touched)
  if (renewed || touched('targets') || channels.some(([channel]) => touched(channelRole(channel)))) {
    const next = 1 + highestVersion(site, 'targets')
    const document = targetsDocument({ version: next, expires: expiryOf(options, 'targets') }, new Map(channels))
    files.push(await signedHere(options, 'targets', document))
  }
  return files
}

/** Everybody who signs for the site now, by role. */
function signersNow({ root, targets }: Published): ReadonlyMap<RoleName, Signers> {
  const channels = channelSigners(targets)
  return new Map([
    ...TOP_ROLES.map((role) => [role, signersOf(root.roles[role], root.keys)] as const),
    ...channelsOf(targets).flatMap((channel) => {
      const signers = channels.get(channel)
      return signers === undefined ? [] : [[channelRole(channel), signers] as const]
    }),
  ])
}

/** Nothing said about who signs for a channel that the site does not know: the keyring does, with a key that is made if it lacks one. */
function isNewChannel({ role, add, remove, threshold }: SignerChange, known: ReadonlyMap<RoleName, Signers>): boolean {
  return role.startsWith('channel-') && !known.has(role) && [add, remove, threshold].every((part) => part === undefined)
}

function newChannel({ keyring }: PrepareOptions, role: RoleName): Signers {
  keyring.createKey(role)
  return oneSigner(keyring.publicKey(role).key)
}

/** A role that the site does not know yet is a new channel. */
function changed(signers: Signers | undefined, { role, add = [], remove = [], threshold }: SignerChange): Signers {
  if (signers === undefined) channelRole(role.replace(/^channel-/, ''))
  if (signers === undefined && add.length === 0) throw fail('CHANNEL_UNKNOWN', { what: `the site has no role ${role}` })
  const present = signers?.keys ?? []
  const idOf = (key: Signers['keys'][number]) => withKeyId(key).keyId
  const absent = remove.find((keyId) => !present.some((key) => idOf(key) === keyId))
  if (absent !== undefined) throw fail('KEY_MISSING', { what: `${role} has no key ${absent}` })
  const added = add.filter((key) => !present.some((other) => idOf(other) === idOf(key)))
  const keys = [...present.filter((key) => !remove.includes(idOf(key))), ...added]
  return { keys, threshold: threshold ?? signers?.threshold ?? 1 }
}

/** Signed by the keys that are here, if any are. */
async function signedHere(
  { keyring }: PrepareOptions,
  role: 'root' | 'targets',
  document: { readonly version: number; readonly expires: string },
): Promise<SiteFile> {
  if (keyring.has(role)) return signDocument(keyring, role, document)
  const bytes = Buffer.from(canonicalJson({ signatures: [], signed: document }))
  return { path: metadataFile(role, document.version), bytes }
}
