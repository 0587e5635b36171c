import { BRIDGE_PORTS } from '../limits.ts'
import type { Sides } from '../sides.ts'
import { linksOf } from './links.ts'

/** Bonds whose MAC address nothing fixes. */
export function bondsWithoutMac(store: Sides['store'], image: Sides['after']): string[] {
  const { bonds } = linksOf(store, image)
  return bonds.filter(({ hasMac }) => !hasMac).map(({ name, path }) => `${name} in ${path}`)
}

/** Bridges that are given more ports by name than Linux takes. */
export function bridgesOverFull(store: Sides['store'], image: Sides['after']): string[] {
  const { ports } = linksOf(store, image)
  return [...Map.groupBy(ports, ({ bridge }) => bridge)].flatMap(([bridge, all]) => {
    const { size } = new Set(all.map(({ port }) => port))
    return size > BRIDGE_PORTS ? [`${bridge} has ${size} ports`] : []
  })
}
