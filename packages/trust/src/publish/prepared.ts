import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, digestOf, hexOf, isErrorCode, writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import { ROOT_BYTES, TARGETS_BYTES } from '../limits.ts'
import { channelRole, metadataFile, targetPath, TOP_ROLES } from '../roles.ts'
import type { PreparedFile, SiteOptions } from '../site.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import { type Envelope, parseRoot, parseTargets, type Root, type Targets } from '../verify/metadata.ts'
import { checkSignatures } from '../verify/checks.ts'
import { fields, jsonOf } from '../verify/shape.ts'
import { commit, rehearse } from './commit.ts'
import type { SiteFile } from './documents.ts'
import { expiryOf, issue } from './issue.ts'
import { withSiteLock } from './lock.ts'
import {
  channelsOf,
  highestVersion,
  type Published,
  readChannel,
  readPublished,
  readSiteFile,
  settleRotations,
} from './published.ts'

interface Prepared {
  readonly root?: { readonly envelope: Envelope<Root>; readonly file: SiteFile }
  readonly targets?: { readonly envelope: Envelope<Targets>; readonly file: SiteFile }
}

/** Signs what was prepared: see signer.ts. */
export async function signPrepared(directory: string, key: SigningKey): Promise<readonly PreparedFile[]> {
  const prepared = readPrepared(directory)
  for (const part of [prepared.root, prepared.targets]) {
    if (part === undefined) continue
    const { envelope, file } = part
    const signature = await key.sign(envelope.signedBytes)
    const signatures = [...envelope.signatures.filter(({ keyid }) => keyid !== signature.keyid), signature]
    const { signed } = fields(jsonOf(file.bytes), 'the file')
    writeFileAtomic(join(directory, nameOf(file)), canonicalJson({ signatures, signed }))
  }
  return describePrepared(directory)
}

/** What a directory of prepared files says: see signer.ts. */
export function describePrepared(directory: string): readonly PreparedFile[] {
  const { root, targets } = readPrepared(directory)
  const common = (of: NonNullable<Prepared['root'] | Prepared['targets']>) => ({
    path: join(directory, nameOf(of.file)),
    version: of.envelope.signed.version,
    expires: of.envelope.signed.expires,
    sha256: hexOf(digestOf(of.envelope.signedBytes)),
    signedBy: of.envelope.signatures.map(({ keyid }) => keyid),
  })
  return [
    ...(root === undefined
      ? []
      : [{ ...common(root), roles: TOP_ROLES.map((role) => ({ role, ...root.envelope.signed.roles[role] })) }]),
    ...(targets === undefined
      ? []
      : [
          {
            ...common(targets),
            roles: targets.envelope.signed.delegations.map(({ name, keyids, threshold }) => ({
              role: name,
              keyids,
              threshold,
            })),
          },
        ]),
  ]
}

/** Publishes what was prepared and signed: see signer.ts. */
export async function publishPrepared(options: SiteOptions, directory: string): Promise<{ readonly version: number }> {
  const { site, keyring } = options
  return withSiteLock(site, async () => {
    const published = await readPublished(site, keyring)
    const { root, targets } = readPrepared(directory)
    if (root === undefined) throw fail('METADATA_MISSING', { what: `${directory} holds no prepared root file` })
    const { version } = root.envelope.signed
    checkNext('root', version, published.root.version + 1)
    if (targets !== undefined)
      checkNext('targets', targets.envelope.signed.version, 1 + highestVersion(site, 'targets'))
    const below = await issueBelow(options, published, targets)
    const now = { rootBytes: published.rootBytes }
    // The root comes last where clients of the present one accept what comes before it. Where its keys are lost to the roles below they cannot:
    // then the root comes first, and a client between the two waits for the rest.
    checkSigned(root.envelope, published.root, root.file.path)
    const seenByPresent = await rehearse(options, below, now).then(
      () => true,
      (error: unknown) => {
        if (isErrorCode(error, 'METADATA_UNSIGNED')) return false
        throw error
      },
    )
    await commit(options, seenByPresent ? [...below, root.file] : [root.file, ...below], now)
    keyring.pinRoot(root.file.bytes)
    settleRotations(keyring, await readPublished(site, keyring))
    return { version }
  })
}

/** 5.3.4, before all else: what is most often missing, told with what to do about it. */
function checkSigned(root: Envelope<Root>, present: Root, name: string): void {
  try {
    checkSignatures(root, present.roles.root, present.keys, name)
    checkSignatures(root, root.signed.roles.root, root.signed.keys, name)
  } catch (error) {
    throw fail('METADATA_UNSIGNED', {
      what: error instanceof Error ? error.message : name,
      hint: 'more of the root keys, of the present root and of the next, must sign: holotype admin trust prepare, then sign, then publish',
      cause: error,
    })
  }
}

function checkNext(role: string, version: number, next: number): void {
  if (version !== next)
    throw fail('CHANGE_OUTDATED', {
      what: `the prepared ${role} file is version ${version}; the site needs ${next} next`,
    })
}

/** Channels that are new or change hands, the prepared targets file, snapshot and timestamp. */
async function issueBelow(
  options: SiteOptions,
  published: Published,
  targets: Prepared['targets'],
): Promise<readonly SiteFile[]> {
  if (targets === undefined) return issue(options, published, {})
  const { signed } = targets.envelope
  const known = channelsOf(published.targets)
  const keysIn = (of: Targets, channel: string) =>
    canonicalJson(of.delegations.filter(({ name }) => name === channelRole(channel)).map(({ keyids }) => keyids))
  const channels = channelsOf(signed).flatMap((channel) => {
    if (!known.includes(channel))
      return [[channel, { statement: undefined, expires: expiryOf(options, 'targets') }] as const]
    if (keysIn(signed, channel) === keysIn(published.targets, channel)) return []
    const present = readChannel(options.site, published, channel)
    return [[channel, { statement: present.targets.get(targetPath(channel)), expires: present.expires }] as const]
  })
  const file = { version: signed.version, file: targets.file }
  return issue(options, published, { targets: file, channels: new Map(channels) })
}

/** @throws METADATA_MISSING, METADATA_MALFORMED */
function readPrepared(directory: string): Prepared {
  const read = <T>(
    role: 'root' | 'targets',
    maxBytes: number,
    parse: (bytes: Uint8Array, name: string) => Envelope<T>,
  ) => {
    const names = readdirSync(directory).filter(
      (name) => /^[1-9]\d{0,14}\./.test(name) && name.endsWith(`.${role}.json`),
    )
    const [name, more] = names
    if (more !== undefined)
      throw fail('CHANGE_OUTDATED', { what: `${directory} holds ${names.join(' and ')}: more than one change` })
    if (name === undefined) return undefined
    const bytes = readSiteFile(directory, name, maxBytes) ?? Buffer.of()
    const envelope = parse(bytes, join(directory, name))
    return { envelope, bytes }
  }
  const root = read('root', ROOT_BYTES, parseRoot)
  const targets = read('targets', TARGETS_BYTES, parseTargets)
  return {
    ...(root && {
      root: {
        envelope: root.envelope,
        file: { path: metadataFile('root', root.envelope.signed.version), bytes: root.bytes },
      },
    }),
    ...(targets && {
      targets: {
        envelope: targets.envelope,
        file: { path: metadataFile('targets', targets.envelope.signed.version), bytes: targets.bytes },
      },
    }),
  }
}

function nameOf({ path }: SiteFile): string {
  return path.replace(/^trust\//, '')
}
