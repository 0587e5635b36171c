import type { Format } from '../types.ts'
import { readInstalled } from './installed.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { openIndex } from './lazy-index.ts'
import { packagesOf, parseIndex } from './primary.ts'
import { parseDependencies } from './relation.ts'
import { repository } from './repository.ts'
import { upstream } from './upstream.ts'
import { compareParsed, compareVersions, parseVersion, satisfies } from './version.ts'

/** The rpm member of the family: rpm's packages and database, rpm-md repositories. */
export const rpm: Format = {
  name: 'rpm',
  parseVersion,
  compareParsed,
  compareVersions,
  satisfies,
  parseDependencies,
  parseIndex,
  openIndex: (bytes) => openIndex(bytes),
  packagesOf,
  readPackage,
  writePackage,
  readInstalled,
  upstream,
  repository,
}
