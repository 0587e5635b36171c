import type { FormatName } from '@holotype/formats'

/** Where the dependency languages differ in what a relation means. All else is one for all of them. */
export interface Language {
  /** The architecture of packages that run everywhere. */
  readonly independent: string
  /**
   * What a machine of an architecture runs besides, the preferred first. A package of any other architecture is no candidate. Absent: any
   * architecture is, and the Multi-Arch fields say what satisfies what (the Multiarch specification).
   */
  readonly compatible?: Readonly<Record<string, readonly string[]>>
  /** Whether a package of the same name for another architecture may stand beside (rpm multilib). With Multi-Arch the fields say so. */
  readonly multilib: boolean
  /** Whether a Provides without a version satisfies a relation that names one. */
  readonly openProvides: boolean
  /** Whether a negative relation spares every package of the owner's own name; else it spares the owner alone. */
  readonly sparesOwnName: boolean
  /**
   * What PackageRecord.obsoletes means for a package of that name: `outranked`: the obsoleter is preferred to it wherever both would do;
   * `gone`: the obsoleter stands in where a request names what no source offers any more.
   */
  readonly obsoletes: 'outranked' | 'gone'
  /** Whether a package cannot stand beside one that it obsoletes. */
  readonly obsoletesForbid: boolean
  /** Whether relations may name a file by its absolute path. */
  readonly files: boolean
}

const I686 = ['i686', 'i586', 'i486', 'i386']

const LANGUAGES: Readonly<Record<FormatName, Language>> = {
  // Debian Policy 7; a package never conflicts with its own name (7.4), a versioned relation wants a versioned Provides (7.5).
  deb: {
    independent: 'all',
    multilib: false,
    openProvides: false,
    sparesOwnName: true,
    obsoletes: 'gone',
    obsoletesForbid: false,
    files: false,
  },
  // rpm-dependencies(7) of rpm.org: a dependency without a version overlaps with every version. Obsoletes match names, never Provides.
  rpm: {
    independent: 'noarch',
    compatible: {
      x86_64: I686,
      i686: I686.slice(1),
      i586: I686.slice(2),
      armv7hl: ['armv6hl'],
    },
    multilib: true,
    openProvides: true,
    sparesOwnName: false,
    obsoletes: 'outranked',
    obsoletesForbid: true,
    files: true,
  },
  // PKGBUILD(5), "provides": a version must be given for a versioned dependency to be met; "replaces" matters at an upgrade alone.
  alpm: {
    independent: 'any',
    compatible: {},
    multilib: false,
    openProvides: false,
    sparesOwnName: true,
    obsoletes: 'gone',
    obsoletesForbid: false,
    files: false,
  },
  // void-packages Manual.md, "replaces", "provides": a virtual package always has a version; what is replaced is taken out.
  xbps: {
    independent: 'noarch',
    compatible: {},
    multilib: false,
    openProvides: false,
    sparesOwnName: true,
    obsoletes: 'gone',
    obsoletesForbid: true,
    files: false,
  },
}

export function languageOf(format: FormatName): Language {
  return LANGUAGES[format]
}

/** How well an architecture suits a machine: 0 is its own or independent, more is less preferred; undefined: it does not run. */
export function architectureRank(language: Language, native: string, architecture: string): number | undefined {
  if (architecture === native || architecture === language.independent) return 0
  if (!language.compatible) return 1
  const at = (language.compatible[native] ?? []).indexOf(architecture)
  return at < 0 ? undefined : at + 1
}
