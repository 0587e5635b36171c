import { fail } from '../errors.ts'
import type { Keyring } from '../keyring.ts'
import { channelRole, type RoleName, TOP_ROLES, type TopRole, targetPath } from '../roles.ts'
import type { RotateRootOptions } from '../site.ts'
import { commit } from './commit.ts'
import { rootDocument, type SiteFile, signDocument } from './documents.ts'
import { channelKeys, expiryOf, issue } from './issue.ts'
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
    const channels = channelsOf(published.targets).filter((channel) => roles.includes(channelRole(channel)))
    for (const role of roles) keyring.startRotation(role)
    // From here on, what these roles sign is signed by both keys. All of it is said anew, whatever the roles: this also revives a site on
    // which root and timestamp have both expired, where renewing one alone would leave nothing that a client accepts.
    const below = reissue(options, published, channels)
    const version = published.root.version + 1
    const top = roles.length === 0 || TOP_ROLES.some((role) => roles.includes(role))
    const root: readonly SiteFile[] = top ? [nextRoot(options, published, version)] : []
    await commit(options, [...below, ...root], { rootBytes: published.rootBytes })
    for (const role of roles) keyring.endRotation(role)
    return { version: top ? version : published.root.version }
  })
}

/** All that stands below the root, so that clients of the old root file and of the new one both find what they can verify. */
function reissue(options: RotateRootOptions, published: Published, channels: readonly string[]): readonly SiteFile[] {
  const { site, keyring } = options
  const keys = new Map(channelKeys(published.targets))
  for (const channel of channels) keys.set(channel, newKeys(keyring, channelRole(channel), []))
  const signedAnew = channels.map((channel) => {
    const { targets, expires } = readChannel(site, published, channel)
    return [channel, { statement: targets.get(targetPath(channel)), expires }] as const
  })
  return issue(options, published, { targets: keys, channels: new Map(signedAnew) })
}

function nextRoot(options: RotateRootOptions, published: Published, version: number): SiteFile {
  const { keyring } = options
  const of = (role: TopRole) => {
    const { keyids } = published.root.roles[role]
    return newKeys(
      keyring,
      role,
      keyids.flatMap((keyid) => published.root.keys.get(keyid) ?? []),
    )
  }
  const keys = { root: of('root'), targets: of('targets'), snapshot: of('snapshot'), timestamp: of('timestamp') }
  return signDocument(keyring, 'root', rootDocument({ version, expires: expiryOf(options, 'root') }, keys))
}

/** The public key that will stand for a role: the next one where there is one, the published ones else. */
function newKeys(keyring: Keyring, role: RoleName, published: readonly string[]): readonly string[] {
  const next = keyring.nextKey(role)
  return next === undefined ? published : [next.key.keyval.public]
}
