import { fail } from '../errors.ts'
import { DETACHED_SIGNATURE_BYTES } from '../limits.ts'
import { readKeyring } from './keyrings.ts'
import { messageOf, signedNoLaterThan, someGood } from './verdict.ts'

const ARMOR = '-----BEGIN PGP SIGNATURE-----'

/**
 * Verifies a detached OpenPGP signature over bytes (Release.gpg, repomd.xml.asc, a pacman database's .sig), armored or binary (RFC 9580 §10.4).
 * One good signature suffices, by a key that is good both when it signed and now. `keyrings` as for `verifyClearSigned`.
 * @throws SIGNATURE_INVALID, SIGNATURE_UNKNOWN_KEY, SIGNATURE_EXPIRED_KEY, KEYRING_MALFORMED
 */
export async function verifyDetached(
  bytes: Uint8Array,
  signature: Uint8Array,
  keyrings: readonly string[],
  options: { readonly now?: Date } = {},
): Promise<void> {
  if (signature.length > DETACHED_SIGNATURE_BYTES)
    throw fail('SIGNATURE_INVALID', { what: `the signature is larger than ${DETACHED_SIGNATURE_BYTES} bytes` })
  const openpgp = await import('openpgp')
  const now = options.now ?? new Date()
  const keys = (await Promise.all(keyrings.map(readKeyring))).flat()
  const unreadable = (error: unknown) => {
    throw fail('SIGNATURE_INVALID', { what: `the signature cannot be read: ${messageOf(error)}`, cause: error })
  }
  const text = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1')
  const read = await (text.trimStart().startsWith(ARMOR)
    ? openpgp.readSignature({ armoredSignature: text })
    : openpgp.readSignature({ binarySignature: signature })
  ).catch(unreadable)
  const message = await openpgp.createMessage({ binary: bytes })
  const { signatures } = await openpgp
    .verify({ message, signature: read, verificationKeys: keys, date: signedNoLaterThan(now) })
    .catch(unreadable)
  await someGood(signatures, keys, now)
}
