import { fail } from '../errors.ts'
import type { HostSource, Pocket } from '../types.ts'
import type { SnapshotRequest } from './request.ts'

/**
 * The addresses to try for a pocket, in order: those signed by the distribution's own archive keyring first, then as configured.
 * Entries for the same suite at the same address are one, with the components of all.
 * @throws UPSTREAM_NO_SOURCES
 */
export function sitesOf({ sources, upstream }: SnapshotRequest, pocket: Pocket): HostSource[] {
  const sites = new Map<string, HostSource>()
  for (const source of sources.filter((one) => one.pocket === pocket)) {
    const key = `${source.uri} ${source.suite}`
    const known = sites.get(key)
    const components = [...new Set([...(known?.components ?? []), ...source.components])]
    sites.set(key, { ...(known ?? source), components })
  }
  if (sites.size === 0)
    throw fail('UPSTREAM_NO_SOURCES', { what: `this machine has no source for the pocket ${pocket}` })
  const complete = [...sites.values()].filter(({ components }) =>
    upstream.components.every((component) => components.includes(component)),
  )
  if (complete.length === 0) {
    const all = [...new Set([...sites.values()].flatMap(({ components }) => components))]
    const lacking = upstream.components.filter((component) => !all.includes(component))
    throw fail('UPSTREAM_NO_SOURCES', {
      what: `this machine's sources for the pocket ${pocket} have no component ${lacking.join(', ') || upstream.components.join(' + ')}`,
    })
  }
  const own = (site: HostSource) => site.keyrings.some((keyring) => keyring.includes(`${site.origin}-archive-keyring`))
  return complete.toSorted((a, b) => Number(own(b)) - Number(own(a)))
}
