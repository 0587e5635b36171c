import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type Digest, digestOf } from '@holotype/base'

const known = new Map<string, Digest>()

/** The digest of all code in a folder: part of the key of what that code found, so that a change of it forgets what an older release remembered. */
export function codeDigest(folder: string): Digest {
  const digest = known.get(folder) ?? computeDigest(folder)
  known.set(folder, digest)
  return digest
}

function computeDigest(folder: string): Digest {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|sh)$/.test(name))
  return digestOf(canonicalJson(files.sort().map((name) => [name, hash('sha256', readFileSync(join(folder, name)))])))
}
