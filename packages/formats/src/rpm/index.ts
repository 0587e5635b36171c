import type { Format } from '../types.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { parseIndex } from './primary.ts'
import { parseDependencies } from './relation.ts'
import { upstream } from './upstream.ts'
import { compareParsed, compareVersions, parseVersion, satisfies } from './version.ts'

/** rpm's member of the family so far: all but its own repositories and the installed database. */
export const rpmPackages: Omit<Format, 'readInstalled' | 'repository'> = {
  name: 'rpm',
  parseVersion,
  compareParsed,
  compareVersions,
  satisfies,
  parseDependencies,
  parseIndex,
  readPackage,
  writePackage,
  upstream,
}
