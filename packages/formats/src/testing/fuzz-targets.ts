import { alpmTargets } from '../alpm/fuzz-targets.ts'
import { debTargets } from '../deb/fuzz-targets.ts'
import { rpmTargets } from '../rpm/fuzz-targets.ts'
import { xbpsTargets } from '../xbps/fuzz-targets.ts'
import type { FuzzTarget } from './fuzz.ts'
import { archiveTargets } from './fuzz-archive.ts'

/** Every reader of bytes from outside. `directory` is for their files. */
export function fuzzTargets(directory: string): readonly FuzzTarget[] {
  return [
    ...archiveTargets(),
    ...debTargets(directory),
    ...alpmTargets(directory),
    ...rpmTargets(directory),
    ...xbpsTargets(directory),
  ]
}
