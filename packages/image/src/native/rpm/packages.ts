import { readRpmPackage, type RpmHeaders, type RpmPackage } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../../errors.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'

/** A package of the lock with what its header says about installing it. */
export interface Candidate extends RpmPackage {
  readonly candidate: LockedUnpacked
  readonly headers: RpmHeaders
}

const read = new WeakMap<LockedUnpacked, Candidate>()

/** The same packages, in their order, each header parsed once. @throws IMAGE_MALFORMED, PACKAGE_MALFORMED */
export function packagesOf(store: Store, packages: readonly LockedUnpacked[]): Candidate[] {
  return packages.map((candidate) => {
    const known = read.get(candidate)
    if (known) return known
    const member = (name: string) => {
      const found = candidate.unpacked.control[name]
      if (!found) throw fail('IMAGE_MALFORMED', { what: `${candidate.name} was unpacked without its ${name}` })
      return store.read(found.digest)
    }
    const headers = { header: member('header'), signature: member('signature') }
    const made = { candidate, headers, ...readRpmPackage(headers.header) }
    read.set(candidate, made)
    return made
  })
}
