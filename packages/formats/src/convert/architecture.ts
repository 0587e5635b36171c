/** What dpkg and rpm call the same machine (dpkg-architecture(1), rpm's rpmrc). */
const PAIRS = [
  ['all', 'noarch'],
  ['amd64', 'x86_64'],
  ['arm64', 'aarch64'],
  ['armhf', 'armv7hl'],
  ['i386', 'i686'],
  ['ppc64el', 'ppc64le'],
  ['riscv64', 'riscv64'],
  ['s390x', 's390x'],
] as const

/** undefined where rpm has no name for it. */
export function rpmArchitecture(deb: string): string | undefined {
  return PAIRS.find(([name]) => name === deb)?.[1]
}

/** undefined where dpkg has no name for it. Every 32-bit x86 of rpm is i386. */
export function debArchitecture(rpm: string): string | undefined {
  return /^i[3-6]86$/.test(rpm) ? 'i386' : PAIRS.find(([, name]) => name === rpm)?.[0]
}
