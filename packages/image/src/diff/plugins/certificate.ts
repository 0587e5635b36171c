import { X509Certificate } from 'node:crypto'
import { CERTIFICATES_KEPT, MEMBERS_READ } from '../limits.ts'
import type { Plugin } from './types.ts'

const PEM = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g

/** X.509 certificates, one or a bundle: whom they name, from when to when, which key. */
export const certificate: Plugin = {
  name: 'certificates',
  oneSided: true,
  wants: (path, head) =>
    /\.(pem|crt|cer|der)$/.test(path) && (head.includes('-----BEGIN') || head[0] === 0x30 || head[0] === 0x23),
  describe(bytes) {
    const blocks = bytes[0] === 0x30 ? [bytes] : (bytes.toString('latin1').match(PEM) ?? [])
    if (blocks.length === 0) throw new Error('no certificate')
    if (blocks.length > MEMBERS_READ) throw new Error('too many certificates')
    return {
      facts: { certificates: blocks.map((block) => (typeof block === 'string' ? knownLine(block) : lineOf(block))) },
    }
  },
}

const lines = new Map<string, string>()

/** Both sides of a bundle hold mostly the same, and a directory beside it holds each once more: parsing takes longer than all else. */
function knownLine(block: string): string {
  const line = lines.get(block) ?? lineOf(block)
  if (lines.size >= CERTIFICATES_KEPT) lines.clear()
  lines.set(block, line)
  return line
}

function lineOf(block: Buffer | string): string {
  const { subject, issuer, validFromDate, validToDate, fingerprint256 } = new X509Certificate(block)
  const flat = (name: string) => name.replaceAll('\n', ', ')
  const by = subject === issuer ? 'self-signed' : `by ${flat(issuer)}`
  return `${flat(subject)}; ${by}; ${dayOf(validFromDate)} to ${dayOf(validToDate)}; SHA-256 ${fingerprint256.replaceAll(':', '').toLowerCase()}`
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
