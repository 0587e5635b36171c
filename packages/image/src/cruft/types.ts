/** What may be left out, in the order in which a path counts: it counts once. */
export const CRUFT_CLASSES = ['packages', 'libraries', 'unowned', 'locales', 'man', 'info', 'docs'] as const

/**
 * `packages`: of the lock, and nothing needs them. `libraries`: no ELF file is linked with them. `unowned`: neither a package's, nor the spec's, nor a
 * step's. `locales`, `man`, `info`, `docs`: what the key of `prune` of that name leaves out.
 */
export type CruftClass = (typeof CRUFT_CLASSES)[number]

/** What to write into the spec so that it goes: items that come to a list, or a value. */
export type SpecChange =
  | { readonly key: 'exclude' | 'prune.paths'; readonly add: readonly string[] }
  | { readonly key: 'prune.locales'; readonly set: readonly string[] }
  | { readonly key: 'prune.man' | 'prune.info' | 'prune.docs'; readonly set: false }

/** Something an image could do without. */
export interface CruftItem {
  readonly class: CruftClass
  /** A package's name, or an absolute path; of locales and documentation the name of the owner of the files. */
  readonly what: string
  readonly files: number
  readonly bytes: number
  /** Why it is not needed, with names. */
  readonly proof: string
  /** Absent where the spec cannot leave it out. */
  readonly change?: SpecChange
}

/** What looks like cruft and is none. */
export interface Kept {
  readonly class: CruftClass
  readonly what: string
  readonly bytes: number
  /** Who may need it. */
  readonly because: string
}

export interface Cruft {
  /** The largest first. */
  readonly items: readonly CruftItem[]
  /** Of each class that has any, in the order of the classes. */
  readonly sums: readonly { readonly class: CruftClass; readonly files: number; readonly bytes: number }[]
  readonly kept: readonly Kept[]
  /** What could not be found out, and why. */
  readonly untold: readonly string[]
}
