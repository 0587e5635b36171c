import type { FormatName } from '@holotype/formats'
import type { Progress } from '@holotype/base'
import type { Store } from '@holotype/store'
import type { PathMap } from '../compose/path-map.ts'
import type { Diverted } from '../compose/script-effects.ts'
import type { Relocate, Taken } from '../compose/unite.ts'
import type { UnitVerb } from '../spec/apply-spec.ts'
import type { LockedUnpacked } from '../unpack/unpack-all.ts'
import { alpm } from './alpm/alpm.ts'
import { deb } from './deb/deb.ts'
import { rpm } from './rpm/rpm.ts'
import { fail } from '../errors.ts'

/** What composing needs to know of a package manager: one member per format, the same names in each. */
export interface NativeInstaller {
  /** The packages in the order they are unpacked. */
  order(packages: readonly LockedUnpacked[], store: Store): LockedUnpacked[]
  /**
   * Cuts the packages into what is installed one after the other, each on top of those before. `asked`: the spec's names. Absent: all at once.
   */
  stages?(packages: readonly LockedUnpacked[], asked: readonly string[]): LockedUnpacked[][]
  /** What lies in the root before any package: the directory layout that the packages assume. */
  layout(map: PathMap, packages: readonly LockedUnpacked[]): void
  /** The package manager's own database, these packages unpacked and not configured, those of earlier stages as they are. */
  database(map: PathMap, options: DatabaseOptions): void
  /** How packages move each other's files away. Absent: the package manager knows nothing of the kind. */
  readonly diversions?: {
    /** The packages that may do so, by scripts that run before they are unpacked. */
    diverting(store: Store, packages: readonly LockedUnpacked[]): readonly LockedUnpacked[]
    /** Runs those scripts, of all packages, in a root in which the diverting ones are not unpacked yet. @throws IMAGE_SCRIPT_FAILED */
    divert(options: ConfigureOptions): Promise<void>
    /** Where a package's file comes to lie afterwards. */
    relocate(store: Store, map: PathMap): Relocate
    /** What was moved, and where to. */
    diverted(store: Store, map: PathMap): Diverted
  }
  /** Lets the package manager run all maintainer scripts and triggers. @throws IMAGE_SCRIPT_FAILED, IMAGE_NOT_CONFIGURED, IMAGE_SPEC_REFUSED (a unit) */
  configure(options: ConfigureOptions): Promise<void>
  /** What is left to do when the scripts are through and what they changed is in the map. */
  settle?(map: PathMap, options: { readonly store: Store; readonly packages: readonly LockedUnpacked[] }): void
  /** Globs of what differs from run to run and is made again on the node, with why. */
  readonly scrub: readonly { readonly path: string; readonly why: string }[]
}

export interface DatabaseOptions {
  readonly store: Store
  readonly packages: readonly LockedUnpacked[]
  readonly architecture: string
  /** What packages of this and earlier stages lost to others. */
  readonly taken: readonly Taken[]
  /** Seconds since the epoch: the time that counts as that of installation. */
  readonly epoch: number
}

export interface ConfigureOptions {
  readonly store: Store
  /** What is laid out in `lower`. */
  readonly map: PathMap
  /** Of this stage. */
  readonly packages: readonly LockedUnpacked[]
  /** The checkout of everything unpacked. */
  readonly lower: string
  readonly upper: string
  readonly scratch: string
  /** Seconds since the epoch, SOURCE_DATE_EPOCH of the scripts. */
  readonly epoch: number
  /** Whether the scripts that precede unpacking ran already. */
  readonly prepared: boolean
  /** What runs when the scripts are through, in the same root: `systemctl enable …`. */
  readonly units: readonly UnitVerb[]
  readonly progress: Progress
  readonly signal: AbortSignal | undefined
}

const INSTALLERS: Partial<Record<FormatName, NativeInstaller>> = { alpm, deb, rpm }

/** @throws IMAGE_SPEC_REFUSED for a format that cannot be composed yet */
export function installerOf(format: FormatName): NativeInstaller {
  const installer = INSTALLERS[format]
  if (!installer) throw fail('IMAGE_SPEC_REFUSED', { what: `images of ${format} packages cannot be composed yet` })
  return installer
}
