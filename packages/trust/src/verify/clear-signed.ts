import { readFileSync, statSync } from 'node:fs'
import { HolotypeError } from '@holotype/base'
import type { KeyID, PublicKey } from 'openpgp'
import { fail } from '../errors.ts'
import { CLEAR_SIGNED_BYTES, KEYRING_BYTES } from '../limits.ts'
import { checkFraming } from './clear-framing.ts'

/**
 * Verifies a clear-signed text (the InRelease form) and returns the signed text alone, as gpgv's `--output` does: dash escapes undone,
 * white space at line ends dropped (it is not signed), one line end at the end. Text before or after what is signed is refused, so what
 * comes back can never hold it (CVE-2013-1051).
 *
 * One good signature suffices, by a key that is good both when it signed and now. `keyrings`: paths of files of OpenPGP public keys (binary or
 * armored), or armored blocks themselves.
 * @throws SIGNATURE_INVALID, SIGNATURE_UNKNOWN_KEY, SIGNATURE_EXPIRED_KEY, KEYRING_MALFORMED
 */
export async function verifyClearSigned(
  text: string,
  keyrings: readonly string[],
  options: { readonly now?: Date } = {},
): Promise<string> {
  if (text.length > CLEAR_SIGNED_BYTES)
    throw fail('SIGNATURE_INVALID', { what: `the signed text is longer than ${CLEAR_SIGNED_BYTES} characters` })
  checkFraming(text)
  const openpgp = await import('openpgp')
  const now = options.now ?? new Date()
  const keys = (await Promise.all(keyrings.map(readKeyring))).flat()
  const message = await openpgp.readCleartextMessage({ cleartextMessage: text }).catch((error: unknown) => {
    throw fail('SIGNATURE_INVALID', { what: `the signed text cannot be read: ${messageOf(error)}`, cause: error })
  })
  // A signature's own time may not lie in the future; a minute covers clocks that differ a little.
  const date = new Date(now.getTime() + 60_000)
  const { data, signatures } = await openpgp
    .verify({ message, verificationKeys: keys, date })
    .catch((error: unknown) => {
      // A packet whose algorithm number is none it knows ends the library's own reading of it.
      throw fail('SIGNATURE_INVALID', { what: `the signature cannot be read: ${messageOf(error)}`, cause: error })
    })
  const verdicts = await Promise.all(signatures.map((signature) => judge(signature, keys, now)))
  if (!verdicts.some((verdict) => verdict.kind === 'good')) throw refusal(verdicts)
  return `${data.replace(/\n+$/, '')}\n`
}

type Verdict =
  | { readonly kind: 'good' }
  | {
      readonly kind: 'bad' | 'unknown' | 'expired'
      readonly keyId: string
      readonly why: string
      readonly cause?: unknown
    }

interface OpenPgpSignature {
  readonly keyID: KeyID
  readonly verified: Promise<true>
}

async function judge(signature: OpenPgpSignature, keys: readonly PublicKey[], now: Date): Promise<Verdict> {
  const keyId = signature.keyID.toHex()
  const key = keys.find((candidate) => candidate.getKeys(signature.keyID).length > 0)
  // Awaited in any case: an unobserved rejection would end the process.
  const verified = await signature.verified.then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  )
  if (key === undefined) return { kind: 'unknown', keyId, why: `key ${keyId} is in none of the keyrings` }
  // openpgp asks whether the key was good when it signed; apt and gpgv also ask whether it still is.
  const stale = await key.getSigningKey(signature.keyID, now).then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  )
  if (stale !== undefined)
    return { kind: 'expired', keyId, why: `key ${keyId}: ${messageOf(stale.cause)}`, cause: stale.cause }
  if (verified !== undefined)
    return { kind: 'bad', keyId, why: `key ${keyId}: ${messageOf(verified.cause)}`, cause: verified.cause }
  return { kind: 'good' }
}

/** A signature that is wrong tells more than one that could not be judged. */
function refusal(verdicts: readonly Verdict[]) {
  const of = (kind: Verdict['kind']) =>
    verdicts.flatMap((verdict) => (verdict.kind === kind && verdict.kind !== 'good' ? [verdict] : []))
  const whys = (some: readonly { readonly why: string }[]) => some.map((verdict) => verdict.why).join('; ')
  const [bad, expired, unknown] = [of('bad'), of('expired'), of('unknown')]
  if (bad[0]) return fail('SIGNATURE_INVALID', { what: `no good signature: ${whys(bad)}`, cause: bad[0].cause })
  if (expired[0])
    return fail('SIGNATURE_EXPIRED_KEY', { what: `no good signature: ${whys(expired)}`, cause: expired[0].cause })
  if (unknown[0]) return fail('SIGNATURE_UNKNOWN_KEY', { what: `no good signature: ${whys(unknown)}` })
  return fail('SIGNATURE_INVALID', { what: 'the text carries no signature' })
}

const ARMOR_BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----'
const ARMORED_BLOCK = /^-----BEGIN PGP PUBLIC KEY BLOCK-----\r?$[\s\S]*?^-----END PGP PUBLIC KEY BLOCK-----\r?$/gm

async function readKeyring(keyring: string): Promise<PublicKey[]> {
  const openpgp = await import('openpgp')
  const inline = keyring.includes(ARMOR_BEGIN)
  const shown = inline ? 'the armored keyring given' : `the keyring ${keyring}`
  const bytes = inline ? Buffer.from(keyring) : readBounded(keyring, shown)
  try {
    if (!bytes.includes(ARMOR_BEGIN)) return await openpgp.readKeys({ binaryKeys: bytes })
    const blocks = bytes.toString().match(ARMORED_BLOCK) ?? []
    return (await Promise.all(blocks.map((armoredKeys) => openpgp.readKeys({ armoredKeys })))).flat()
  } catch (error) {
    throw fail('KEYRING_MALFORMED', {
      what: `${shown} holds no OpenPGP public keys: ${messageOf(error)}`,
      cause: error,
    })
  }
}

function readBounded(path: string, shown: string): Buffer {
  try {
    if (statSync(path).size > KEYRING_BYTES)
      throw fail('KEYRING_MALFORMED', { what: `${shown} is larger than ${KEYRING_BYTES} bytes` })
    return readFileSync(path)
  } catch (error) {
    if (error instanceof HolotypeError) throw error
    throw fail('KEYRING_MALFORMED', { what: `${shown} cannot be read`, cause: error })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
