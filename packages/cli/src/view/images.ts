import { shortDigest } from '@holotype/base'

/** An image as people name it: `web 1a2b3c4d5e6f`; a dash where there is none. */
export function imageInWords(name: string | null, digest: string | null): string {
  if (digest === null) return '—'
  return name === null || name === '' ? shortDigest(digest) : `${name} ${shortDigest(digest)}`
}
