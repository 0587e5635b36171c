import { formats, type PackageRecord, type Relation } from '@holotype/formats'
import type { Candidate } from '../lock.ts'

/** What a test says of a package; relations as a control file writes them. */
export interface PackageWords {
  readonly depends?: string
  readonly preDepends?: string
  readonly recommends?: string
  readonly provides?: string
  readonly conflicts?: string
  readonly breaks?: string
  readonly multiArch?: PackageRecord['multiArch']
  readonly architecture?: string
  readonly essential?: boolean
  readonly priority?: string
  readonly from?: string
  readonly sourcePriority?: number
}

/** A candidate by name and version: `candidate('nginx 1.22.1-9', { depends: 'libc6 (>= 2.36)' })`. */
export function candidate(nameAndVersion: string, words: PackageWords = {}): Candidate {
  const [name = '', version = '1'] = nameAndVersion.split(' ')
  const groups = (text = '') => formats.deb.parseDependencies(text)
  const flat = (text = '') => groups(text).flatMap((group): readonly Relation[] => group)
  const architecture = words.architecture ?? 'amd64'
  return {
    from: words.from ?? 'debian',
    priority: words.sourcePriority ?? 500,
    record: {
      name,
      version,
      architecture,
      source: name,
      sourceVersion: version,
      essential: words.essential ?? false,
      priority: words.priority ?? 'optional',
      section: 'misc',
      multiArch: words.multiArch ?? 'no',
      depends: groups(words.depends),
      preDepends: groups(words.preDepends),
      recommends: groups(words.recommends),
      provides: flat(words.provides),
      conflicts: flat(words.conflicts),
      breaks: flat(words.breaks),
      replaces: [],
      size: 1000,
      installedSize: 10,
      sha256: Buffer.from(`${name} ${version} ${architecture} ${words.from ?? ''}`)
        .toString('hex')
        .padEnd(64, '0')
        .slice(0, 64),
      filename: `pool/${name}_${version}_${architecture}.deb`,
      description: name,
    },
  }
}
