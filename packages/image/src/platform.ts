const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
])

/** What a package format calls an architecture, as Debian and containers name it (OCI image-spec 1.1, config.md: a GOARCH): `x86_64` of rpm and pacman is `amd64`. */
export function platformOf(architecture: string): string {
  return PLATFORMS.get(architecture) ?? architecture
}
