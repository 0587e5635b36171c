import { fail } from '../errors.ts'

const BEGIN_MESSAGE = '-----BEGIN PGP SIGNED MESSAGE-----'
const BEGIN_SIGNATURE = '-----BEGIN PGP SIGNATURE-----'
const END_SIGNATURE = '-----END PGP SIGNATURE-----'

/**
 * The frame of a clear-signed text (RFC 9580 §7): begins with the first byte, `Hash` headers alone, every body line that starts with a dash
 * escaped, one signature block, nothing after it. Stricter than readers in the field, since each leniency has been an attack on one: text
 * around the signed part (CVE-2013-1051), other headers passing as text, a second message in the first.
 * @throws SIGNATURE_INVALID
 */
export function checkFraming(text: string): void {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  const refuse = (index: number, why: string) =>
    fail('SIGNATURE_INVALID', { what: `line ${index + 1} of the signed text ${why}` })
  if (lines[0]?.trimEnd() !== BEGIN_MESSAGE) throw refuse(0, `is not ${BEGIN_MESSAGE}`)
  const body = lines.findIndex((line, index) => index > 0 && line.trim() === '')
  if (body === -1) throw refuse(lines.length - 1, 'is the last, and no signed part has begun')
  for (let index = 1; index < body; index++)
    if (!/^Hash: [A-Za-z0-9-]+(, ?[A-Za-z0-9-]+)*[ \t]*$/.test(lines[index] ?? ''))
      throw refuse(index, 'is no Hash header')
  const signature = lines.findIndex((line, index) => index > body && line.trimEnd() === BEGIN_SIGNATURE)
  if (signature === -1) throw refuse(lines.length - 1, 'is the last, and there is no signature')
  for (let index = body; index < signature; index++)
    if (/^-(?! )/.test(lines[index] ?? '')) throw refuse(index, 'begins with a dash that is not escaped')
  const end = lines.findIndex((line, index) => index > signature && line.startsWith('-----'))
  if (end === -1 || lines[end]?.trimEnd() !== END_SIGNATURE)
    throw refuse(Math.max(end, signature), 'begins a signature that does not end')
  const after = lines.findIndex((line, index) => index > end && line.trim() !== '')
  if (after !== -1) throw refuse(after, 'stands after the signature and is not signed')
}
