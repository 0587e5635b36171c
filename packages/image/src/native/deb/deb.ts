import type { NativeInstaller } from '../native.ts'
import { configure, FIRST, runPreinsts } from './configure.ts'
import { database } from './database.ts'
import { diverted, diverting, relocate } from './diversions.ts'
import { layout } from './layout.ts'
import { SCRUBBED_DEB } from './scrubbed.ts'
import { stages } from './stages.ts'

/** Debian's package manager. */
export const deb: NativeInstaller = {
  order: (packages) => {
    const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
    return packages.toSorted((a, b) => rank(a.name) - rank(b.name))
  },
  stages,
  layout,
  database,
  diversions: { diverting, divert: runPreinsts, relocate, diverted },
  configure,
  scrub: SCRUBBED_DEB,
}
