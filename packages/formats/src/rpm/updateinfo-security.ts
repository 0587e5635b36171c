import type { MendedPackage, UpstreamAdvisory } from '../upstream-reader.ts'
import { type Advisory, parseUpdateinfo } from './updateinfo.ts'

/**
 * The advisories of an uncompressed updateinfo.xml that are about security, with the builds that they name. Source packages are not installed.
 * @throws REPOSITORY_MALFORMED
 */
export function parseAdvisories(bytes: Uint8Array): UpstreamAdvisory[] {
  return parseUpdateinfo(bytes)
    .filter(({ type }) => type.toLowerCase() === 'security')
    .map((advisory) => ({
      id: advisory.id,
      title: advisory.title || advisory.summary,
      severity: advisory.severity,
      packages: packagesOf(advisory),
    }))
}

function packagesOf({ collections }: Advisory): MendedPackage[] {
  return collections.flatMap(({ module, packages }) =>
    packages
      .filter(({ architecture }) => architecture !== 'src' && architecture !== 'nosrc')
      .map(({ name, version, architecture }) => ({
        ...{ name, version, architecture },
        ...(module === undefined ? {} : { ofStream: true }),
      })),
  )
}
