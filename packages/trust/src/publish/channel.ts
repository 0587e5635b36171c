import { statSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type Digest, digestOf, errnoOf, hexOf } from '@holotype/base'
import { fail } from '../errors.ts'
import { channelRole, targetFile } from '../roles.ts'
import type { AddChannelOptions, PublishStatementOptions } from '../site.ts'
import type { ChannelStatement } from '../statement.ts'
import { checkExpiry } from '../verify/checks.ts'
import { parseStatement } from '../verify/parse-statement.ts'
import { commit } from './commit.ts'
import { oneSigner } from './documents.ts'
import { canSign, channelSigners, expiryOf, isHalfOver, issue } from './issue.ts'
import { withSiteLock } from './lock.ts'
import { channelsOf, readChannel, readPublished, readStatement, settleRotations } from './published.ts'

/** Adds a channel: see signer.ts. */
export async function addChannel(options: AddChannelOptions): Promise<void> {
  const { site, keyring, channel } = options
  const role = channelRole(channel)
  await withSiteLock(site, async () => {
    const published = await readPublished(site, keyring)
    settleRotations(keyring, published)
    if (channelsOf(published.targets).includes(channel))
      throw fail('CHANNEL_EXISTS', { what: `the site has a channel ${channel} already` })
    keyring.createKey(role)
    const keys = new Map([...channelSigners(published.targets), [channel, oneSigner(keyring.publicKey(role).key)]])
    const first = new Map([[channel, { statement: undefined, expires: expiryOf(options, 'targets') }]])
    const files = await issue(options, published, { targets: keys, channels: first })
    await commit(options, files, { rootBytes: published.rootBytes, channel })
  })
}

/** Publishes a statement: see signer.ts. */
export async function publishStatement(options: PublishStatementOptions): Promise<void> {
  const { site, keyring, now } = options
  // Through the parser that clients use: what they would refuse, or not see, is not signed.
  const bytes = Buffer.from(canonicalJson(options.statement))
  const statement = parseStatement(bytes)
  const { channel } = statement
  channelRole(channel)
  checkExpiry(statement.expires, now, `statement ${statement.number} of the channel ${channel}`)
  await withSiteLock(site, async () => {
    const published = await readPublished(site, keyring)
    settleRotations(keyring, published)
    checkForwardOf(statement, readStatement(site, readChannel(site, published, channel), channel))
    checkObjects(site, statement)
    const target = { length: bytes.length, sha256: hexOf(digestOf(bytes)) }
    const channels = new Map([[channel, { statement: target, expires: statement.expires }]])
    const renews = isHalfOver(options, 'targets', published.targets.expires) && canSign(keyring, 'targets', published)
    const targets = renews ? { targets: channelSigners(published.targets) } : {}
    const files = [
      { path: targetFile(channel, target.sha256), bytes },
      ...(await issue(options, published, { channels, ...targets })),
    ]
    await commit(options, files, { rootBytes: published.rootBytes, channel })
  })
}

function checkForwardOf(statement: ChannelStatement, published: ChannelStatement | undefined): void {
  if (published !== undefined && statement.number <= published.number)
    throw fail('STATEMENT_NOT_FORWARD', {
      what: `statement ${statement.number} of the channel ${statement.channel} does not come after number ${published.number}, which is published`,
      data: { channel: statement.channel, number: statement.number, published: published.number },
    })
}

/** Invariant 1: a published name never leads to bytes that are not there yet. */
function checkObjects(site: string, statement: ChannelStatement): void {
  for (const target of [statement.current, statement.next]) {
    if (target === undefined) continue
    checkObject(site, target.image)
    for (const { index, indexSize, pack, size } of [...target.packs, ...(target.delta ? [target.delta] : [])]) {
      checkObject(site, index, indexSize)
      checkObject(site, pack, size)
    }
  }
}

function checkObject(site: string, digest: Digest, size?: number): void {
  const hex = hexOf(digest)
  const path = `objects/${hex.slice(0, 2)}/${hex.slice(2)}`
  const found = sizeOf(join(site, path))
  if (found === undefined || (size !== undefined && found !== size))
    throw fail('STATEMENT_OBJECT_MISSING', {
      what: `the statement names ${digest}, and the site ${found === undefined ? 'has no' : `has ${found} instead of ${size} bytes of`} ${path}`,
      data: { digest, path },
    })
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
