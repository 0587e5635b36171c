import { compareText } from '@holotype/base'

/** An ELF file that is linked dynamically. */
export interface ElfObject {
  readonly path: string
  /** DT_SONAME. */
  readonly soname?: string
  /** DT_NEEDED. */
  readonly needed: readonly string[]
}

/** A package with its ELF files. */
export interface PackageSonames {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly objects: readonly ElfObject[]
  /** Other names by which its libraries are found: symbolic and hard links, `libz.so.1`. */
  readonly links: readonly string[]
}

/** A soname that no package of a set has. */
export interface MissingSoname {
  readonly soname: string
  readonly architecture: string
  /** The packages that need it, with the files that do. */
  readonly neededBy: readonly { readonly name: string; readonly version: string; readonly by: readonly string[] }[]
  /** The packages that had it before; `now` is the version they have in the set. */
  readonly providedBefore: readonly { readonly name: string; readonly version: string; readonly now?: string }[]
}

/**
 * Every soname that something in a set needs and nothing in it has, sorted: what the dynamic linker would not find (ld.so(8)), whatever the packages
 * declare. A library is looked for by its DT_SONAME and by its file's name, wherever it lies: private libraries mostly have no soname, and which
 * directory a RUNPATH names is the package's own affair.
 *
 * A module, a shared object that no file of the set is linked with, is opened by dlopen(3) if at all, and distributions ship some whose libraries are
 * optional. What only modules need is missing if the set before had it, for then it is lost now. Pure.
 */
export function checkSonames(
  packages: readonly PackageSonames[],
  previous: readonly PackageSonames[] = [],
): MissingSoname[] {
  const before = Map.groupBy(previous, ({ architecture }) => architecture)
  const found = [...Map.groupBy(packages, ({ architecture }) => architecture)].flatMap(([architecture, members]) =>
    missingAmong(members, before.get(architecture) ?? [], architecture),
  )
  return found.sort((a, b) => compareText(a.soname, b.soname) || compareText(a.architecture, b.architecture))
}

function missingAmong(
  packages: readonly PackageSonames[],
  previous: readonly PackageSonames[],
  architecture: string,
): MissingSoname[] {
  const provided = new Set(packages.flatMap(namesOf))
  const needed = new Set(packages.flatMap(({ objects }) => objects.flatMap((object) => object.needed)))
  const versions = new Map(packages.map(({ name, version }) => [name, version]))
  const missing: MissingSoname[] = []
  for (const soname of needed) {
    if (provided.has(soname)) continue
    const providedBefore = previous
      .filter((item) => namesOf(item).includes(soname))
      .map(({ name, version }) => {
        const now = versions.get(name)
        return { name, version, ...(now === undefined ? {} : { now }) }
      })
    const counts = (object: ElfObject) =>
      object.needed.includes(soname) && (providedBefore.length > 0 || !isModule(object, needed))
    const neededBy = packages.flatMap(({ name, version, objects }) => {
      const by = objects.filter(counts).map(({ path }) => path)
      return by.length === 0 ? [] : [{ name, version, by }]
    })
    if (neededBy.length > 0) missing.push({ soname, architecture, neededBy, providedBefore })
  }
  return missing
}

/** The names by which a package's libraries are found. */
function namesOf({ objects, links }: PackageSonames): string[] {
  return [...objects.flatMap(objectNames), ...links]
}

function objectNames({ path, soname }: ElfObject): string[] {
  const file = path.slice(path.lastIndexOf('/') + 1)
  const own = soname === undefined ? [] : [soname]
  return isSharedObject(file) ? [...own, file] : own
}

function isModule(object: ElfObject, needed: ReadonlySet<string>): boolean {
  return isSharedObject(object.path) && !objectNames(object).some((name) => needed.has(name))
}

/** `libz.so.1.2`, `pam_unix.so`. */
export function isSharedObject(path: string): boolean {
  return /\.so(\.[^/]*)?$/.test(path)
}
