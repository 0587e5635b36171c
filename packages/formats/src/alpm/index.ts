import type { Format } from '../types.ts'
import { readInstalled } from './installed.ts'
import { readPackage } from './package-read.ts'
import { writePackage } from './package-write.ts'
import { parseDependencies } from './relation.ts'
import { repository } from './repository.ts'
import { parseIndex } from './sync-db.ts'
import { upstream } from './upstream.ts'
import { compareParsed, compareVersions, parseVersion, satisfies } from './version.ts'

/** pacman's member of the family: packages, repositories and the database of libalpm. */
export const alpm: Format = {
  name: 'alpm',
  parseVersion,
  compareParsed,
  compareVersions,
  satisfies,
  parseDependencies: (text) => parseDependencies(text),
  parseIndex,
  readPackage,
  writePackage,
  readInstalled,
  upstream,
  repository,
}
