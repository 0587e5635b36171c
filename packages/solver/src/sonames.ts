import { compareText } from '@holotype/base'

/** A package with the sonames of its ELF files. */
export interface PackageSonames {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** What its files need (DT_NEEDED), with the programs and libraries that do, as paths. */
  readonly needed: readonly { readonly soname: string; readonly by: readonly string[] }[]
  /** What its libraries are called (DT_SONAME), and what its shared objects are called as files. */
  readonly provided: readonly string[]
}

/** A soname that no package of a set has. */
export interface MissingSoname {
  readonly soname: string
  readonly architecture: string
  /** The packages that need it, with their programs. */
  readonly neededBy: readonly { readonly name: string; readonly version: string; readonly by: readonly string[] }[]
  /** The packages that had it before: the library's own, in its earlier version. */
  readonly providedBefore: readonly { readonly name: string; readonly version: string; readonly now?: string }[]
}

/**
 * Every needed soname of a set that nothing in the set provides, sorted by soname: what a dynamic linker would not find at start-up (ld.so(8)),
 * whatever the packages declare. Libraries are looked for in the whole set, wherever they lie: which directory a program's RUNPATH names is
 * the package's own affair. Pure.
 * @param previous the set before, to say who had the library
 */
export function checkSonames(
  packages: readonly PackageSonames[],
  previous: readonly PackageSonames[] = [],
): MissingSoname[] {
  const architectures = Map.groupBy(packages, ({ architecture }) => architecture)
  const provided = new Map(
    [...architectures].map(([architecture, members]) => [
      architecture,
      new Set(members.flatMap((member) => member.provided)),
    ]),
  )
  const missing = new Map<string, { soname: string; architecture: string; neededBy: PackageSonames[] }>()
  for (const item of packages) {
    const there = provided.get(item.architecture)
    for (const { soname } of item.needed) {
      if (there?.has(soname)) continue
      const key = `${soname} ${item.architecture}`
      const known = missing.get(key)
      if (known) known.neededBy.push(item)
      else missing.set(key, { soname, architecture: item.architecture, neededBy: [item] })
    }
  }
  const now = new Map(packages.map((item) => [`${item.name} ${item.architecture}`, item.version]))
  return [...missing.values()]
    .map(({ soname, architecture, neededBy }) => ({
      soname,
      architecture,
      neededBy: neededBy.map(({ name, version, needed }) => ({
        name,
        version,
        by: needed.filter((one) => one.soname === soname).flatMap((one) => one.by),
      })),
      providedBefore: previous
        .filter((item) => item.architecture === architecture && item.provided.includes(soname))
        .map(({ name, version }) => {
          const later = now.get(`${name} ${architecture}`)
          return { name, version, ...(later === undefined ? {} : { now: later }) }
        }),
    }))
    .sort((a, b) => compareText(a.soname, b.soname) || compareText(a.architecture, b.architecture))
}
