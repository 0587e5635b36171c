import type { Format } from '../types.ts'
import { readInstalled } from './installed.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { parseDependencies } from './relation.ts'
import { parseIndex } from './repodata-read.ts'
import { repository } from './repodata-write.ts'
import { upstream } from './upstream.ts'
import { compareParsed, compareVersions, parseVersion, satisfies } from './version.ts'

/**
 * The xbps member of the family: packages, repositories and database of Void Linux's package manager.
 *
 * A package may list versions that it `reverts`: to xbps it is newer than those, whatever its version. Records do not carry that list, for the
 * order of versions must not depend on packages; it is among the fields of a package.
 */
export const xbps: Format = {
  name: 'xbps',
  parseVersion,
  compareParsed,
  compareVersions,
  satisfies,
  parseDependencies,
  parseIndex,
  readPackage,
  writePackage,
  readInstalled,
  upstream,
  repository,
}
