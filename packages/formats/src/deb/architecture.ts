/** Architectures whose name is not `CPU` (Linux, GNU) or `OS-CPU`: abi, libc, os, cpu (dpkg's tupletable). */
const TUPLES = new Map<string, readonly string[]>([
  ['armel', ['eabi', 'gnu', 'linux', 'arm']],
  ['armhf', ['eabihf', 'gnu', 'linux', 'arm']],
  ['x32', ['x32', 'gnu', 'linux', 'amd64']],
])

/**
 * True if a Debian architecture is the one named, or one the wildcard names: `any`, `linux-any`, `any-arm`, `gnu-any-any`
 * (Policy §11.1, `dpkg-architecture --is`).
 */
export function architectureMatches(architecture: string, wanted: string): boolean {
  if (wanted === 'any' || wanted === architecture) return true
  const parts = wanted.split('-')
  if (!parts.includes('any')) return false
  // Missing parts on the left match anything.
  const pattern = [...Array.from({ length: Math.max(0, 4 - parts.length) }, () => 'any'), ...parts]
  const actual = tupleOf(architecture)
  return pattern.length === 4 && pattern.every((part, index) => part === 'any' || part === actual[index])
}

function tupleOf(architecture: string): readonly string[] {
  const known = TUPLES.get(architecture)
  if (known) return known
  const parts = architecture.split('-')
  return [...['base', 'gnu', 'linux'].slice(0, Math.max(0, 4 - parts.length)), ...parts]
}
