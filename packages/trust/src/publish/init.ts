import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { channelRole, metadataFile, TIMESTAMP_FILE, TOP_ROLES, type TopRole } from '../roles.ts'
import type { InitTrustOptions } from '../site.ts'
import { ROOT_BYTES } from '../limits.ts'
import type { Keyring } from '../keyring.ts'
import { commit } from './commit.ts'
import { oneSigner, rootDocument, signDocument, type SiteFile, type TopSigners } from './documents.ts'
import { expiryOf, issue } from './issue.ts'
import { withSiteLock } from './lock.ts'
import { highestVersion, readSiteFile } from './published.ts'
import { trustedRoot } from '../verify/root-chain.ts'
import { memoryCache } from '../verify/cache.ts'

/** Gives a site its first trust metadata: see signer.ts. */
export async function initTrust(options: InitTrustOptions): Promise<{ readonly root: Buffer }> {
  const { site, keyring, channels } = options
  for (const channel of channels) channelRole(channel)
  mkdirSync(site, { recursive: true })
  return withSiteLock(site, async () => {
    // The timestamp is written last: while it is missing, an interrupted call is simply repeated.
    if (existsSync(join(site, TIMESTAMP_FILE)) || highestVersion(site, 'root') > 1)
      throw fail('TRUST_EXISTS', { what: `${site} has trust metadata already` })
    for (const channel of channels) keyring.createKey(channelRole(channel))
    const root = await firstRoot(options)
    const expires = expiryOf(options, 'targets')
    const files = await issue(options, undefined, {
      targets: new Map(channels.map((channel) => [channel, oneSigner(keyring.publicKey(channelRole(channel)).key)])),
      channels: new Map(channels.map((channel) => [channel, { statement: undefined, expires }])),
    })
    await commit(options, [root, ...files], { rootBytes: root.bytes })
    keyring.pinRoot(root.bytes)
    return { root: root.bytes }
  })
}

/** The root file that an interrupted call left, if its keys are still ours: somebody may have taken it as the trusted one already. */
async function firstRoot(options: InitTrustOptions): Promise<SiteFile> {
  const { site, keyring } = options
  const path = metadataFile('root', 1)
  const left = readSiteFile(site, path, ROOT_BYTES)
  if (left !== undefined) {
    const { roles } = trustedRoot(memoryCache(), left)
    const ours = TOP_ROLES.every((role) => roles[role].keyids.join() === keyring.publicKey(role).keyId)
    if (!ours) throw fail('TRUST_EXISTS', { what: `${site} has a root file of other keys` })
    return { path, bytes: left }
  }
  return signDocument(
    keyring,
    'root',
    rootDocument({ version: 1, expires: expiryOf(options, 'root') }, topSigners(keyring)),
  )
}

function topSigners(keyring: Keyring): TopSigners {
  const of = (role: TopRole) => oneSigner(keyring.publicKey(role).key)
  return { root: of('root'), targets: of('targets'), snapshot: of('snapshot'), timestamp: of('timestamp') }
}
