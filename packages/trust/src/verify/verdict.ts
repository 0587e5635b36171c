import type { KeyID, PublicKey } from 'openpgp'
import { fail } from '../errors.ts'

/** A signature's own time may not lie in the future; a minute covers clocks that differ a little. */
export function signedNoLaterThan(now: Date): Date {
  return new Date(now.getTime() + 60_000)
}

/**
 * Returns when one signature is good, by a key that is good both when it signed and now.
 * @throws SIGNATURE_INVALID, SIGNATURE_UNKNOWN_KEY, SIGNATURE_EXPIRED_KEY
 */
export async function someGood(
  signatures: readonly OpenPgpSignature[],
  keys: readonly PublicKey[],
  now: Date,
): Promise<void> {
  const verdicts = await Promise.all(signatures.map((signature) => judge(signature, keys, now)))
  if (!verdicts.some((verdict) => verdict.kind === 'good')) throw refusal(verdicts)
}

type Verdict =
  | { readonly kind: 'good' }
  | {
      readonly kind: 'bad' | 'unknown' | 'expired'
      readonly keyId: string
      readonly why: string
      readonly cause?: unknown
    }

export interface OpenPgpSignature {
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

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
