import { place, type Places, placesOf } from '../places.ts'
import type { PackageIndex, PackageRecord, Relation } from '../types.ts'
import { locatedPackages, primaryReader } from './primary.ts'

const SLASH = 47
const NOTHING: readonly never[] = []

/**
 * The same packages as `parseIndex`, of which only names are kept: a record is read when it is asked for. Every package is read once
 * to get them, so that whatever is wrong with one is found here. The bytes are kept, and must not change.
 * @param together packages that are read with one memory of what repeats among them
 * @throws REPOSITORY_MALFORMED
 */
export function openIndex(bytes: Uint8Array, together?: number): PackageIndex {
  const starts: number[] = []
  const names: Places = new Map()
  const provides: Places = new Map()
  const obsoletes: Places = new Map()
  const supplements: Places = new Map()
  const paths = new Set<string>()
  for (const { record, start } of locatedPackages(bytes, together)) {
    const at = starts.length
    starts.push(start)
    place(names, record.name, at)
    // Every package provides its own name: one string serves both.
    for (const { name } of record.provides) place(provides, name === record.name ? record.name : name, at)
    for (const path of record.files ?? NOTHING) place(provides, path, at)
    for (const { name } of record.obsoletes ?? NOTHING) place(obsoletes, name, at)
    for (const group of record.supplements ?? NOTHING)
      for (const { name, negated } of group) if (!negated) place(supplements, name, at)
    notePaths(record, paths)
  }
  let again = primaryReader(bytes)
  return {
    size: starts.length,
    essential: [],
    paths,
    named: (name) => placesOf(names, name),
    providing: (name) => placesOf(provides, name),
    obsoleting: (name) => placesOf(obsoletes, name),
    supplementing: (name) => placesOf(supplements, name),
    names: () => names.keys(),
    record(at) {
      const start = starts[at]
      if (start === undefined) throw new RangeError(`the index has no package ${at}`)
      try {
        const record = again.at(start)
        if (record) return record
        throw new RangeError(`the index has no package ${at}`)
      } catch (error) {
        // A reader that stopped within a package is at no known place.
        again = primaryReader(bytes)
        throw error
      }
    },
  }
}

function notePaths(record: PackageRecord, paths: Set<string>): void {
  const note = (relation: Relation) => {
    if (relation.name.charCodeAt(0) === SLASH) paths.add(relation.name)
    relation.with?.forEach(note)
    relation.without?.forEach(note)
  }
  const { depends, preDepends, recommends, supplements = NOTHING, conflicts } = record
  for (const groups of [depends, preDepends, recommends, supplements])
    for (const group of groups) for (const relation of group) note(relation)
  for (const relation of conflicts) note(relation)
}
