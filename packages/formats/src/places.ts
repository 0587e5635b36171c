/** Where the records of an index lie that have a name, by the name: most have one place, and a list of one would cost more than all else. */
export type Places = Map<string, number | number[]>

const NO_PLACES: readonly number[] = []

/** Notes a place once; places of a name come in order. */
export function place(places: Places, name: string, at: number): void {
  const known = places.get(name)
  if (known === undefined) places.set(name, at)
  else if (typeof known === 'number') {
    if (known !== at) places.set(name, [known, at])
  } else if (known.at(-1) !== at) known.push(at)
}

export function placesOf(places: Places, name: string): readonly number[] {
  const found = places.get(name)
  if (found === undefined) return NO_PLACES
  return typeof found === 'number' ? [found] : found
}
