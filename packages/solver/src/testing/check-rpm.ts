import type { Format, PackageRecord, Relation } from '@holotype/formats'

/**
 * An independent judge of a set of packages by rpm's rules: nothing of the solver is used. Versions are single numbers, so that every relation is
 * judged by going through them. Gives back every rule that is broken, in words.
 */
export function brokenRpm(options: {
  readonly format: Pick<Format, 'satisfies'>
  readonly packages: readonly PackageRecord[]
  readonly asked: readonly string[]
}): string[] {
  const { format, packages, asked } = options
  const holds = (version: string, relation: Relation) =>
    relation.operator === undefined || format.satisfies(version, relation.operator, relation.version ?? '')
  /** Two ranges overlap if some version lies in both: halves stand for what lies between and beyond. */
  const POINTS = ['0', '0.5', '1', '1.5', '2', '2.5', '3', '3.5', '4']
  const offers = (one: PackageRecord, relation: Relation) =>
    (one.name === relation.name && holds(one.version, relation)) ||
    one.provides.some(
      (provided) => provided.name === relation.name && POINTS.some((at) => holds(at, provided) && holds(at, relation)),
    )
  const matches = (one: PackageRecord, relation: Relation): boolean =>
    offers(one, relation) &&
    (relation.with ?? []).every((also) => offers(one, also)) &&
    !(relation.without ?? []).some((never) => offers(one, never))
  const any = (relation: Relation) => packages.some((one) => matches(one, relation))
  const faults: string[] = []
  for (const name of asked) if (!packages.some((one) => one.name === name)) faults.push(`asked: ${name}`)
  for (const one of packages) {
    for (const group of one.depends)
      if (!group.some((relation) => (relation.negated ? !any(relation) : any(relation))))
        faults.push(`${one.name} lacks ${JSON.stringify(group)}`)
    for (const other of packages) {
      if (other === one) continue
      if (other.name === one.name) faults.push(`${one.name} is there twice`)
      for (const relation of one.conflicts) if (matches(other, relation)) faults.push(`${one.name} / ${other.name}`)
      for (const relation of one.obsoletes ?? [])
        if (other.name !== one.name && relation.name === other.name && holds(other.version, relation))
          faults.push(`${one.name} obsoletes ${other.name}`)
    }
  }
  return faults
}
