import { join } from 'node:path'
import { listFiles, readSmall } from './files.ts'

/**
 * The keyrings that may sign an entry: what its Signed-By names, paths or an embedded key, else all that apt trusts (apt-key(8), "FILES").
 * Fingerprints in Signed-By narrow apt's own keyrings; they are read as naming those.
 */
export function keyringsOf(root: string, signedBy: string | undefined): string[] {
  const text = signedBy?.trim() ?? ''
  if (text.includes('-----BEGIN PGP')) return [unfold(text)]
  const paths = text.split(/[\s,]+/).filter((word) => word.startsWith('/'))
  return paths.length > 0 ? paths.map((path) => join(root, path)) : trusted(root)
}

/** An embedded key stands indented by a space, its empty lines as ` .` (deb822(5)). */
function unfold(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/^[ \t]/, '').replace(/^\.$/, ''))
    .join('\n')
}

function trusted(root: string): string[] {
  const single = readSmall(root, '/etc/apt/trusted.gpg') === undefined ? [] : ['/etc/apt/trusted.gpg']
  const many = listFiles(root, '/etc/apt/trusted.gpg.d').filter((path) => /\.(gpg|asc)$/.test(path))
  return [...single, ...many].map((path) => join(root, path))
}
