import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import type { HostSource, Pocket } from '../types.ts'
import { isNo, parseDeb822 } from './deb822.ts'
import type { SourceEntry } from './entry.ts'
import { listFiles, readSmall } from './files.ts'
import { keyringsOf } from './keyrings.ts'
import { parseOneLine } from './one-line.ts'
import { type HostRelease, pocketOf, readRelease } from './release.ts'

export interface HostSourcesOptions {
  /** The root of the file system to read. Default: `/`. */
  readonly root?: string
  readonly architecture: string
  /** Keep these alone, and fail when one of them has no source. Default: all, whatever there is. */
  readonly pockets?: readonly Pocket[]
}

/**
 * The machine's own apt sources for its own release, by pocket, with the keyrings that sign them, in the order apt reads them.
 * Other suites, source packages, disabled entries, other architectures and addresses that are not http, https or file are passed over.
 * @throws UPSTREAM_NO_SOURCES, UPSTREAM_SOURCES_MALFORMED, FILE_UNREADABLE
 */
export function hostSources({ root = '/', architecture, pockets }: HostSourcesOptions): HostSource[] {
  const release = readRelease(root)
  const checkAll = !validUntilUnchecked(root)
  const sources = readEntries(root)
    .filter((entry) => entry.enabled && entry.types.includes('deb') && servesArchitecture(entry, architecture))
    .flatMap((entry) => sourcesOf(root, release, entry, checkAll))
  if (sources.length === 0) {
    throw fail('UPSTREAM_NO_SOURCES', {
      what: `this machine has no package source for its own release, ${release.codename}`,
    })
  }
  const lacking = pockets?.find((pocket) => !sources.some((source) => source.pocket === pocket))
  if (lacking !== undefined) {
    const suite = lacking === 'release' ? release.codename : `${release.codename}-${lacking}`
    throw fail('UPSTREAM_NO_SOURCES', { what: `this machine has no package source for the suite ${suite}` })
  }
  return pockets ? sources.filter(({ pocket }) => pockets.includes(pocket)) : sources
}

/** /etc/apt/sources.list, then sources.list.d by name; apt reads no other names than these. */
function readEntries(root: string): SourceEntry[] {
  const files = ['/etc/apt/sources.list', ...listFiles(root, '/etc/apt/sources.list.d')]
  return files.flatMap((file) => {
    const text = /\.(list|sources)$/.test(file) ? readSmall(root, file) : undefined
    if (text === undefined) return []
    return file.endsWith('.sources') ? parseDeb822(text, file) : parseOneLine(text, file)
  })
}

function servesArchitecture({ options }: SourceEntry, architecture: string): boolean {
  const named = options
    .get('architectures')
    ?.split(/[\s,]+/)
    .filter((word) => word !== '')
  return named === undefined || named.length === 0 || named.includes(architecture)
}

function sourcesOf(root: string, release: HostRelease, entry: SourceEntry, checkAll: boolean): HostSource[] {
  const keyrings = keyringsOf(root, entry.options.get('signed-by'))
  const checkValidUntil = checkAll && !isNo(entry.options.get('check-valid-until'))
  return entry.suites.flatMap((suite) => {
    const pocket = pocketOf(suite, release)
    if (pocket === undefined) return []
    return entry.uris
      .flatMap((text) => addressesOf(root, text))
      .map(
        (uri): HostSource => ({
          pocket,
          uri,
          suite,
          components: entry.components,
          keyrings,
          origin: release.id,
          checkValidUntil,
          where: entry.where,
        }),
      )
  })
}

/** An entry's addresses: itself, or those that a mirror list on this machine names (apt-transport-mirror(1)). */
function addressesOf(root: string, text: string): string[] {
  if (text.startsWith('mirror+file:')) {
    const list = readSmall(root, text.slice('mirror+file:'.length).replace(/^\/+/, '/')) ?? ''
    return list
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim().split(/\s+/)[0] ?? '')
      .flatMap(plainAddress)
  }
  return plainAddress(text)
}

function plainAddress(text: string): string[] {
  // apt also writes file:/path and copy:/path.
  const local = /^(?:file|copy):\/{1,3}([^/].*)$/.exec(text)
  const address = local ? pathToFileURL(join('/', local[1] ?? '')).href : text
  return /^(https?|file):\/\//.test(address) ? [address.replace(/\/+$/, '')] : []
}

/** True where the administrator told all of apt not to check Valid-Until (apt.conf(5), Acquire::Check-Valid-Until). */
function validUntilUnchecked(root: string): boolean {
  const files = ['/etc/apt/apt.conf', ...listFiles(root, '/etc/apt/apt.conf.d')]
  const setting = /^[ \t]*Acquire::Check-Valid-Until[ \t]+"?(\w+)"?[ \t]*;/gim
  // The last file wins, as in apt.
  const last = files.flatMap((file) => [...(readSmall(root, file) ?? '').matchAll(setting)]).at(-1)
  return isNo(last?.[1])
}
