/** Architectures by what rpm's macros call their instruction set, `%{__isa_name}-%{__isa_bits}` (rpm --target ARCH --eval '%{_isa}'). */
const ISA: Readonly<Record<string, readonly string[]>> = {
  'x86-64': ['x86_64', 'amd64', 'ia32e'],
  'x86-32': ['i386', 'i486', 'i586', 'i686', 'pentium3', 'pentium4', 'athlon', 'geode'],
  'aarch-64': ['aarch64'],
  'ppc-64': ['ppc64', 'ppc64le'],
  'ppc-32': ['ppc'],
  's390-64': ['s390x'],
  's390-32': ['s390'],
  'riscv-64': ['riscv64'],
  'loongarch64-64': ['loongarch64'],
  'mips-64': ['mips64', 'mips64el'],
  'mips-32': ['mips', 'mipsel'],
  'armv7hl-32': ['armv7hl'],
  'armv7l-32': ['armv7l'],
  'armv6hl-32': ['armv6hl'],
}

const BY_ARCHITECTURE: ReadonlyMap<string, string> = new Map(
  Object.entries(ISA).flatMap(([isa, all]) => all.map((architecture) => [architecture, isa] as const)),
)

/** `(x86-64)` for x86_64: what follows a name that means the package of one instruction set. '' for noarch and what rpm has no name for. */
export function isaOf(architecture: string): string {
  const isa = BY_ARCHITECTURE.get(architecture)
  return isa === undefined ? '' : `(${isa})`
}
