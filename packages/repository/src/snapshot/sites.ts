import { fail } from '../errors.ts'
import type { HostSource, HostUpstream, Pocket, UrlUpstream } from '../types.ts'
import type { Site, SnapshotRequest, SuiteSites } from './request.ts'

/**
 * The suites of an upstream, each with the addresses to try.
 * @throws UPSTREAM_NO_SOURCES
 */
export function suitesOf(request: SnapshotRequest): SuiteSites[] {
  const { upstream } = request
  if ('urls' in upstream) return upstream.suites.map((suite) => sitesByUrl(request, upstream, suite))
  return upstream.pockets.map((pocket) => ({
    title: `the pocket ${pocket}`,
    sites: sitesOfHost(request.sources, upstream, pocket),
  }))
}

function sitesByUrl({ name, architecture }: SnapshotRequest, upstream: UrlUpstream, suite: string): SuiteSites {
  const { urls, components, keyrings, unsigned } = upstream
  // Who edits the declaration may go back in time; a mirror may not.
  const identity = [name, suite, ...urls].join(' ')
  const sites = urls.map((url): Site => {
    const uri = url.replaceAll('$repo', suite).replaceAll('$arch', architecture).replace(/\/+$/, '')
    return { pocket: 'url', uri, suite, components, keyrings, unsigned, checkValidUntil: true, identity }
  })
  return { title: suite === '' ? `the repository ${name}` : `the suite ${suite}`, sites }
}

/**
 * Those signed by the distribution's own archive keyring first, then as configured. Entries for the same suite at the same address are one,
 * with the components of all.
 */
function sitesOfHost(sources: readonly HostSource[], upstream: HostUpstream, pocket: Pocket): Site[] {
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
  return complete
    .toSorted((a, b) => Number(own(b)) - Number(own(a)))
    .map(({ uri, suite, keyrings, origin, checkValidUntil }) => ({
      pocket,
      uri,
      suite,
      components: upstream.components,
      keyrings,
      unsigned: false,
      origin,
      checkValidUntil,
      identity: `${origin} ${suite}`,
    }))
}
