import { compareVersions as alpm } from './alpm/version.ts'
import { compareVersions as deb } from './deb/version.ts'
import { fail } from './errors.ts'
import { compareVersions as rpm } from './rpm/version.ts'
import type { Format, FormatName } from './types.ts'
import { compareVersions as xbps } from './xbps/version.ts'

/** How versions of a format are ordered. */
export type VersionOrder = Pick<Format, 'name' | 'compareVersions'>

/** What is said of a format without what reads and writes its packages: a hundred files less for who compares two images. */
export interface FormatRules extends VersionOrder {
  /** True if its repositories tell of security problems: its `upstream` has `parseAdvisories`. */
  readonly publishesAdvisories: boolean
}

/** Those of every format, by name. */
export const rules: Readonly<Record<FormatName, FormatRules>> = {
  alpm: { name: 'alpm', compareVersions: alpm, publishesAdvisories: false },
  deb: { name: 'deb', compareVersions: deb, publishesAdvisories: false },
  rpm: { name: 'rpm', compareVersions: rpm, publishesAdvisories: true },
  xbps: { name: 'xbps', compareVersions: xbps, publishesAdvisories: false },
}

/** @throws FORMAT_UNKNOWN */
export function rulesOf(name: string): FormatRules {
  return memberOf(rules, name)
}

/**
 * The member of a family of formats.
 * @throws FORMAT_UNKNOWN
 */
export function memberOf<Member>(family: Readonly<Record<FormatName, Member>>, name: string): Member {
  const member = Object.entries(family).find(([known]) => known === name)?.[1]
  if (member) return member
  throw fail('FORMAT_UNKNOWN', {
    what: `no package format is named "${name}"; known: ${Object.keys(family).join(', ')}`,
  })
}
