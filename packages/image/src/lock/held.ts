import { formatOf } from '@holotype/formats'
import type { Candidate, Lock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import type { LockSource } from './make-lock.ts'

/**
 * What a lock has of these names, as candidates: archives drop a version when the next one comes, and the store keeps the package files. What
 * it does not have is left out.
 * @throws PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, FILE_UNREADABLE
 */
export async function heldCandidates(
  store: Store,
  before: Lock,
  options: { readonly names: readonly string[]; readonly sources: readonly LockSource[] },
): Promise<Candidate[]> {
  const { names, sources } = options
  const format = formatOf(before.format)
  const candidates: Candidate[] = []
  for (const { name, sha256, from } of before.packages) {
    const source = sources.find((one) => one.name === from)
    if (!names.includes(name) || !source || !store.has(`sha256:${sha256}`)) continue
    const { record } = await format.readPackage(store.pathOf(`sha256:${sha256}`))
    candidates.push({ record, from, priority: source.priority })
  }
  return candidates
}
