import { fail } from '../errors.ts'
import { CLEAR_SIGNED_BYTES } from '../limits.ts'
import { checkFraming } from './clear-framing.ts'
import { readKeyring } from './keyrings.ts'
import { messageOf, signedNoLaterThan, someGood } from './verdict.ts'

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
  const { data, signatures } = await openpgp
    .verify({ message, verificationKeys: keys, date: signedNoLaterThan(now) })
    .catch((error: unknown) => {
      // A packet whose algorithm number is none it knows ends the library's own reading of it.
      throw fail('SIGNATURE_INVALID', { what: `the signature cannot be read: ${messageOf(error)}`, cause: error })
    })
  await someGood(signatures, keys, now)
  return `${data.replace(/\n+$/, '')}\n`
}
