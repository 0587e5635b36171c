import { fail } from '../errors.ts'
import { withKeyId } from '../key-id.ts'
import type { Keyring } from '../keyring.ts'
import { channelRole, type RoleName, TOP_ROLES, type TopRole, targetPath } from '../roles.ts'
import type { RotateRootOptions } from '../site.ts'
import { commit } from './commit.ts'
import { rootDocument, signDocument, type Signers, signersOf, type SiteFile } from './documents.ts'
import { canSign, channelSigners, expiryOf, issue } from './issue.ts'
import { withSiteLock } from './lock.ts'
import { channelsOf, type Published, readChannel, readPublished, settleRotations } from './published.ts'

/** Replaces keys: see signer.ts. */
export async function rotateRoot(options: RotateRootOptions): Promise<{ readonly version: number }> {
  const { site, keyring } = options
  return withSiteLock(site, async () => {
    const published = await readPublished(site, keyring)
    settleRotations(keyring, published)
    const known: readonly RoleName[] = [...TOP_ROLES, ...channelsOf(published.targets).map(channelRole)]
    const wanted = options.roles ?? ['root']
    const unknown = wanted.find((role) => !known.includes(role))
    if (unknown !== undefined) throw fail('CHANNEL_UNKNOWN', { what: `the site has no role ${unknown}` })
    // A rotation that was interrupted is carried through with this one.
    const roles = known.filter(
      (role) => wanted.includes(role) || (keyring.has(role) && keyring.nextKey(role) !== undefined),
    )
    const top = roles.length === 0 || TOP_ROLES.some((role) => roles.includes(role))
    const channelsChange = roles.some((role) => role.startsWith('channel-'))
    const lacking = [...(top ? ['root' as const] : []), ...(channelsChange ? ['targets' as const] : [])].find(
      (role) => !canSign(keyring, role, published),
    )
    if (lacking !== undefined)
      throw fail('METADATA_UNSIGNED', {
        what: `the next ${lacking} file needs signatures by keys that are not in this keyring`,
        hint: 'prepare the change, have it signed and publish it: holotype admin trust prepare DIR --rotate ROLE',
      })
    const channels = channelsOf(published.targets).filter((channel) => roles.includes(channelRole(channel)))
    for (const role of roles) keyring.startRotation(role)
    // From here on, what these roles sign is signed by both keys. All of it is said anew, whatever the roles: this also revives a site on
    // which root and timestamp have both expired, where renewing one alone would leave nothing that a client accepts.
    const below = await reissue(options, published, channels, roles.includes('targets'))
    const version = published.root.version + 1
    const root: readonly SiteFile[] = top ? [await nextRoot(options, published, version)] : []
    await commit(options, [...below, ...root], { rootBytes: published.rootBytes })
    for (const role of roles) keyring.endRotation(role)
    for (const { bytes } of root) keyring.pinRoot(bytes)
    return { version: top ? version : published.root.version }
  })
}

/** All that stands below the root, so that clients of the old root file and of the new one both find what they can verify. */
async function reissue(
  options: RotateRootOptions,
  published: Published,
  channels: readonly string[],
  targetsChange: boolean,
): Promise<readonly SiteFile[]> {
  const { site, keyring } = options
  const keys = new Map(channelSigners(published.targets))
  for (const channel of channels) {
    const signers = keys.get(channel)
    if (signers !== undefined) keys.set(channel, afterRotation(keyring, channelRole(channel), signers))
  }
  const signedAnew = channels.map((channel) => {
    const { targets, expires } = readChannel(site, published, channel)
    return [channel, { statement: targets.get(targetPath(channel)), expires }] as const
  })
  // Where the keys of targets are kept elsewhere, the file stays as it is unless it must change.
  const anew = channels.length > 0 || targetsChange || canSign(keyring, 'targets', published)
  return issue(options, published, { ...(anew ? { targets: keys } : {}), channels: new Map(signedAnew) })
}

async function nextRoot(options: RotateRootOptions, published: Published, version: number): Promise<SiteFile> {
  const { keyring } = options
  const { root } = published
  const of = (role: TopRole) => afterRotation(keyring, role, signersOf(root.roles[role], root.keys))
  const keys = { root: of('root'), targets: of('targets'), snapshot: of('snapshot'), timestamp: of('timestamp') }
  return signDocument(keyring, 'root', rootDocument({ version, expires: expiryOf(options, 'root') }, keys))
}

/** Who will sign for a role: the keyring's next key, where there is one, in the place of its present one; those of others stay. */
export function afterRotation(keyring: Keyring, role: RoleName, signers: Signers): Signers {
  const next = keyring.nextKey(role)
  if (next === undefined) return signers
  const replaced = new Set([keyring.publicKey(role).keyId, next.keyId])
  const others = signers.keys.filter((key) => !replaced.has(withKeyId(key).keyId))
  return { ...signers, keys: [...others, next.key] }
}
