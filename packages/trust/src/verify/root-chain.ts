import { fail } from '../errors.ts'
import { MAX_ROOT_ROTATIONS, ROOT_BYTES } from '../limits.ts'
import { metadataFile, type TopRole } from '../roles.ts'
import type { Cache } from './cache.ts'
import { checkExpiry, checkSignatures, checkVersion } from './checks.ts'
import { getIfThere, type TrustFetch } from './fetch.ts'
import { type Envelope, parseRoot, type Root } from './metadata.ts'

/**
 * The root file that is trusted without asking anyone (TUF 1.0 §5.2): the cached one, or the one that was handed over. A cached file that
 * does not verify against itself is bit-rot and is passed over: the chain from the first root leads to the same place.
 * @throws METADATA_MALFORMED, METADATA_UNSIGNED (of the file handed over)
 */
export function trustedRoot(cache: Cache, initialRoot: Uint8Array): Root {
  const cached = cache.read('root', ROOT_BYTES)
  if (cached !== undefined) {
    try {
      return selfSigned(parseRoot(cached, 'root.json'), 'root.json')
    } catch {
      // the first root is as good, only farther back
    }
  }
  return selfSigned(parseRoot(initialRoot, 'the first root file'), 'the first root file')
}

function selfSigned(file: Envelope<Root>, name: string): Root {
  checkSignatures(file, file.signed.roles.root, file.signed.keys, name)
  return file.signed
}

/**
 * Follows the chain of root files to its end (§5.3): each one signed by a threshold of the one before and by a threshold of its own.
 * @throws METADATA_MALFORMED, METADATA_UNSIGNED, METADATA_MISMATCH, METADATA_EXPIRED, METADATA_TOO_LARGE, ROOT_CHAIN_TOO_LONG
 */
export async function updateRoot(cache: Cache, fetch: TrustFetch, trusted: Root, now: Date): Promise<Root> {
  let root = trusted
  // 5.3.3, 5.3.9: up to the first version that is not there
  for (let rotations = 0; ; rotations++) {
    const name = metadataFile('root', root.version + 1)
    const bytes = await getIfThere(fetch, name, ROOT_BYTES)
    if (bytes === undefined) break
    if (rotations === MAX_ROOT_ROTATIONS)
      throw fail('ROOT_CHAIN_TOO_LONG', { what: `more than ${MAX_ROOT_ROTATIONS} root files follow the trusted one` })
    root = nextRoot(cache, root, bytes, name)
  }
  // 5.3.10: only the last one's expiry matters
  checkExpiry(root.expires, now, metadataFile('root', root.version))
  return root
}

function nextRoot(cache: Cache, root: Root, bytes: Buffer, name: string): Root {
  const next = parseRoot(bytes, name)
  checkSignatures(next, root.roles.root, root.keys, name) // 5.3.4 (1)
  selfSigned(next, name) // 5.3.4 (2)
  checkVersion(next.signed.version, root.version + 1, name) // 5.3.5
  // 5.3.11: recovers from a stolen key that pushed versions forward. Before 5.3.8, so that an end in between cannot skip it.
  if (
    keysOf(root, 'timestamp') !== keysOf(next.signed, 'timestamp') ||
    keysOf(root, 'snapshot') !== keysOf(next.signed, 'snapshot')
  ) {
    cache.remove('timestamp')
    cache.remove('snapshot')
  }
  cache.write('root', bytes) // 5.3.8
  return next.signed
}

function keysOf(root: Root, role: TopRole): string {
  return [...new Set(root.roles[role].keyids)].sort().join(' ')
}
