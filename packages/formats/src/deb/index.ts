import type { Format } from '../types.ts'
import { readInstalled } from './installed.ts'
import { openIndex } from './lazy-index.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { parseIndex } from './packages-index.ts'
import { parseDependencies } from './relation.ts'
import { repository } from './repository-write.ts'
import { upstream } from './upstream.ts'
import { compareParsed, compareVersions, parseVersion, satisfies } from './version.ts'

/** The Debian member of the family: dpkg's packages and database, apt's repositories. */
export const deb: Format = {
  name: 'deb',
  parseVersion,
  compareParsed,
  compareVersions,
  satisfies,
  parseDependencies: (text) => parseDependencies(text),
  parseIndex,
  openIndex,
  readPackage,
  writePackage,
  readInstalled,
  upstream,
  repository,
}
