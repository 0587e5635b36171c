import { createHash, hash } from 'node:crypto'

/** A SHA-256 with its algorithm's name: `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`

const DIGEST = /^sha256:[0-9a-f]{64}$/

/** The digest of bytes held in memory (FIPS 180-4; hardware accelerated in OpenSSL). */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}`
}

/** A running digest for streams: feed with `update`, end with `digest`. */
export function digester(): { update(chunk: Uint8Array): void; digest(): Digest } {
  const running = createHash('sha256')
  return {
    update: (chunk) => void running.update(chunk),
    digest: () => `sha256:${running.digest('hex')}`,
  }
}

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && DIGEST.test(value)
}

/** The 64 hex digits without the algorithm's name. */
export function hexOf(digest: Digest): string {
  return digest.slice(7)
}

/** Digests as people see them: 12 digits. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}
