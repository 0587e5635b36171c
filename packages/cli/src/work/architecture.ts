import type { Distribution } from '@holotype/distribution'
import type { FormatName } from '@holotype/formats'

/** The format of a distribution's packages: that of its upstreams. */
export function formatOfDistribution(distribution: Distribution): FormatName {
  return Object.values(distribution.file.upstreams)[0]?.format ?? 'deb'
}

/** What the formats other than deb call the architectures that a distribution names as Debian does. */
const ELSEWHERE = { amd64: 'x86_64', arm64: 'aarch64' } as const

/** The architecture of a distribution's nodes, as its format names it: what a lock is resolved for. */
export function architectureOfDistribution(distribution: Distribution): string {
  return architectureIn(distribution, formatOfDistribution(distribution))
}

/** That architecture by the name a format gives it: `amd64` of deb is `x86_64` elsewhere. */
export function architectureIn({ file }: Distribution, format: FormatName): string {
  return format === 'deb' ? file.architecture : ELSEWHERE[file.architecture]
}
