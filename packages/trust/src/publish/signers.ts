import type { Keyring } from '../keyring.ts'
import { channelRole, type RoleName, TOP_ROLES } from '../roles.ts'
import type { RoleSigners } from '../site.ts'
import { channelsOf, readChannel, readPublished } from './published.ts'

/** Who signs for each role of a site: see signer.ts. */
export async function listSigners({
  site,
  keyring,
}: {
  readonly site: string
  readonly keyring: Keyring
}): Promise<readonly RoleSigners[]> {
  const published = await readPublished(site, keyring)
  const { root, targets } = published
  const of = (
    role: RoleName,
    { keyids, threshold }: { keyids: readonly string[]; threshold: number },
    expires: string,
  ) => {
    const own = keyring.has(role) ? keyring.publicKey(role).keyId : undefined
    return { role, threshold, expires, keys: keyids.map((keyId) => ({ keyId, here: keyId === own })) }
  }
  return [
    ...TOP_ROLES.map((role) => of(role, root.roles[role], role === 'root' ? root.expires : published[role].expires)),
    ...channelsOf(targets).flatMap((channel) => {
      const role = channelRole(channel)
      const delegation = targets.delegations.find(({ name }) => name === role)
      return delegation === undefined ? [] : [of(role, delegation, readChannel(site, published, channel).expires)]
    }),
  ]
}
