import type { Dependencies, Format, PackageRecord, Relation } from '@holotype/formats'

/**
 * An independent judge of a set of packages: nothing of the solver is used, only the rules of Policy §7 written down a second time,
 * package by package. Gives back every rule that is broken, in words.
 */
export function broken(options: {
  readonly format: Format
  readonly architecture: string
  readonly packages: readonly PackageRecord[]
  /** What must hold besides: relations of the native architecture. */
  readonly wanted?: Dependencies
  /** Names that a request asks for, and what there was to choose: a package of that name is meant wherever there is one, the native before others. */
  readonly asked?: { readonly names: readonly string[]; readonly offered: readonly PackageRecord[] }
}): string[] {
  const { format, architecture: native, packages, wanted = [], asked } = options
  const archOf = (one: PackageRecord) => (one.architecture === 'all' ? native : one.architecture)
  const version = (relation: Relation, offered: string | undefined) =>
    relation.operator === undefined ||
    (offered !== undefined && format.satisfies(offered, relation.operator, relation.version ?? ''))
  const matches = (relation: Relation, one: PackageRecord) =>
    (one.name === relation.name && version(relation, one.version)) ||
    one.provides.some((provided) => provided.name === relation.name && version(relation, provided.version))
  const reaches = (relation: Relation, one: PackageRecord, asker: string) => {
    if (relation.architecture === undefined) return archOf(one) === asker || one.multiArch === 'foreign'
    if (relation.architecture === 'any') return one.multiArch === 'allowed'
    return archOf(one) === (relation.architecture === 'native' ? native : relation.architecture)
  }
  const satisfied = (group: readonly Relation[], asker: string) =>
    group.some((relation) => packages.some((one) => matches(relation, one) && reaches(relation, one, asker)))

  const faults: string[] = []
  for (const group of wanted) {
    if (!satisfied(group, native)) faults.push(`wanted: ${JSON.stringify(group)}`)
  }
  for (const name of asked?.names ?? []) {
    const isNamed = asked?.offered.some((one) => one.name === name) ?? false
    const relation = { name }
    const meant = (one: PackageRecord) =>
      (!isNamed || one.name === name) && matches(relation, one) && reaches(relation, one, native)
    const hasNative = asked?.offered.some((one) => meant(one) && archOf(one) === native) ?? false
    if (!packages.some((one) => meant(one) && (!hasNative || archOf(one) === native))) faults.push(`asked: ${name}`)
  }
  for (const one of packages) {
    for (const group of [...one.depends, ...one.preDepends]) {
      if (!satisfied(group, archOf(one))) faults.push(`${one.name} lacks ${JSON.stringify(group)}`)
    }
    for (const relation of [...one.conflicts, ...one.breaks]) {
      for (const other of packages) {
        if (other.name !== one.name && matches(relation, other))
          faults.push(`${one.name} ${one.version} conflicts with ${other.name} ${other.version}`)
      }
    }
    for (const other of packages) {
      if (other === one || other.name !== one.name) continue
      const apart = archOf(other) !== archOf(one) && other.version === one.version
      if (!(apart && one.multiArch === 'same' && other.multiArch === 'same'))
        faults.push(`${one.name} is there twice: ${one.version}, ${other.version}`)
    }
  }
  return faults
}
