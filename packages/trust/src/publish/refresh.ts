import { canonicalJson, digestOf, hexOf } from '@holotype/base'
import { withKeyId } from '../key-id.ts'
import { channelRole, type RoleName, targetFile } from '../roles.ts'
import type { Renewal, SiteOptions } from '../site.ts'
import type { ChannelStatement } from '../statement.ts'
import type { TargetFile } from '../verify/metadata.ts'
import { commit, rehearse } from './commit.ts'
import { expiryAfter, type SiteFile, type Signers } from './documents.ts'
import { canSign, channelSigners, expiryOf, isHalfOver, issue, timestampFile } from './issue.ts'
import { withSiteLock } from './lock.ts'
import { readChannel, readPublished, readStatement, settleRotations } from './published.ts'
import { rotateRoot } from './rotate.ts'
import { listSigners } from './signers.ts'

/** Renews what keeps a site fresh: see signer.ts. */
export async function refreshTrust(options: SiteOptions): Promise<readonly Renewal[]> {
  const { site, keyring } = options
  const before = await listSigners(options)
  const published = await readPublished(site, keyring)
  // A step of its own, as a rotation is: all that is below is said anew with it.
  if (isHalfOver(options, 'root', published.root.expires) && canSign(keyring, 'root', published))
    await rotateRoot({ ...options, roles: [] })
  const { statements, left } = await withSiteLock(site, () => renew(options))
  return (await listSigners(options)).map(({ role, expires }) => {
    const statement = statements.get(role)
    const renewed = role === 'timestamp' || before.find((old) => old.role === role)?.expires !== expires
    return { role, expires, renewed, elsewhere: left.includes(role), ...(statement ? { statement } : {}) }
  })
}

interface Renewed {
  /** What was stated anew. */
  readonly statements: ReadonlyMap<RoleName, ChannelStatement>
  /** Roles of which half is over, and whose keys are elsewhere. */
  readonly left: readonly RoleName[]
}

async function renew(options: SiteOptions): Promise<Renewed> {
  const { site, keyring } = options
  const published = await readPublished(site, keyring)
  settleRotations(keyring, published)
  const { root, targets, snapshot, timestamp, rootBytes } = published
  const left: RoleName[] = isHalfOver(options, 'root', root.expires) ? ['root'] : []
  // Nothing above the timestamp is renewed without it.
  const signsSnapshot = canSign(keyring, 'snapshot', published)
  const isRenewed = (role: RoleName, isDue: boolean, isOurs: boolean) => {
    if (isDue && !(isOurs && signsSnapshot)) left.push(role)
    return isDue && isOurs && signsSnapshot
  }
  const signers = channelSigners(targets)
  const statements = new Map<RoleName, ChannelStatement>()
  const files: SiteFile[] = []
  const channels = new Map<string, { readonly statement: TargetFile | undefined; readonly expires: string }>()
  for (const [channel, who] of signers) {
    const role = channelRole(channel)
    const signed = readChannel(site, published, channel)
    const statement = readStatement(site, signed, channel)
    const isDue = statement ? isHalfSaid(options, statement) : isHalfOver(options, 'targets', signed.expires)
    if (!isRenewed(role, isDue, signsAlone(options, role, who))) continue
    if (statement === undefined) channels.set(channel, { statement, expires: expiryOf(options, 'targets') })
    else {
      const next = repeated(options, statement)
      const bytes = Buffer.from(canonicalJson(next))
      const target = { length: bytes.length, sha256: hexOf(digestOf(bytes)) }
      files.push({ path: targetFile(channel, target.sha256), bytes })
      channels.set(channel, { statement: target, expires: next.expires })
      statements.set(role, next)
    }
  }
  const targetsAnew = isRenewed(
    'targets',
    isHalfOver(options, 'targets', targets.expires),
    canSign(keyring, 'targets', published),
  )
  const snapshotAnew = isRenewed('snapshot', isHalfOver(options, 'snapshot', snapshot.expires), true)
  if (targetsAnew || snapshotAnew || channels.size > 0)
    files.push(...(await issue(options, published, { channels, ...(targetsAnew ? { targets: signers } : {}) })))
  else files.push(await timestampFile(options, published, timestamp.snapshot))
  for (const channel of channels.keys()) await rehearse(options, files, { rootBytes, channel })
  await commit(options, files, { rootBytes })
  return { statements, left }
}

/** More than half of a statement's life is over. */
function isHalfSaid({ now }: SiteOptions, { issued, expires }: ChannelStatement): boolean {
  return Date.parse(expires) - now.getTime() < (Date.parse(expires) - Date.parse(issued)) / 2
}

function signsAlone({ keyring }: SiteOptions, role: RoleName, { keys, threshold }: Signers): boolean {
  if (threshold > 1 || !keyring.has(role)) return false
  const { keyId } = keyring.publicKey(role)
  return keys.some((key) => withKeyId(key).keyId === keyId)
}

/** The same words under the next number, for as long as they were good before. */
function repeated({ now }: SiteOptions, statement: ChannelStatement): ChannelStatement {
  const { number, renews = number, issued, expires } = statement
  const seconds = (Date.parse(expires) - Date.parse(issued)) / 1000
  return {
    ...statement,
    number: number + 1,
    renews,
    issued: expiryAfter(now, 0),
    expires: expiryAfter(now, seconds),
  }
}
