import type { LeafWork } from '../tree/plan.ts'

/** glibc's own files, which fit only each other: between the first and the last of them no program starts. */
const LOADER =
  /\/(ld-[^/]*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec|thread_db|BrokenLocale|nss_[a-z]+)([-.][0-9.]+)?)\.so(\.[0-9.]+)?$/
const LIBRARY = /\.so(\.[^/]*)?$/

/**
 * The order in which leaves get their names on a running system: what others need to run comes before what needs it. The C library's
 * files one right after the other, other shared libraries, the links that name libraries, other files, other leaves.
 * A program that runs keeps the files that it has opened or mapped: a rename gives their names to others and leaves the inodes.
 */
export function inPlacingOrder(leaves: readonly LeafWork[]): LeafWork[] {
  return leaves.toSorted((a, b) => rank(a) - rank(b))
}

function rank({ path, entry }: LeafWork): number {
  if (entry.type === 'file') return LOADER.test(path) ? 0 : LIBRARY.test(path) ? 1 : 3
  return LIBRARY.test(path) ? 2 : 4
}
