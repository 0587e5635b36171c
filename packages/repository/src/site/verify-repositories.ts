import { type Digest, HolotypeError, type Progress, silent } from '@holotype/base'
import { formatOf, type FormatName } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { verifyClearSigned, verifyDetached } from '@holotype/trust'
import { openFetcher } from '../fetch/fetcher.ts'
import { listedPackages } from '../snapshot/listing.ts'
import { snapshotUpstream } from '../snapshot/upstream.ts'
import type { UrlUpstream } from '../types.ts'
import type { SiteEntry } from './site-list.ts'
import type { SiteSource } from './source.ts'
import type { Damage, VerifiedFiles } from './verify-files.ts'

export interface VerifiedRepository {
  /** Below the site, with the suite or the architecture where it may have several: `repo/deb stable amd64`. */
  readonly repository: string
  readonly packages: number
  readonly damage: readonly Damage[]
}

const FORMATS = ['alpm', 'deb', 'rpm', 'xbps'] as const satisfies readonly FormatName[]

/** A repository as its clients would be told of it. */
interface Client {
  readonly base: string
  readonly format: FormatName
  readonly suite: string
  readonly components: readonly string[]
  readonly architecture: string
}

/**
 * Reads a site's repositories as native clients do: the top's signature by the key that the site serves, the indexes by the top, and each package of each
 * index by the digest of the file that lies where the index says.
 * @throws FETCH_UNREACHABLE, DISK_FULL
 */
export async function verifyRepositories(
  source: SiteSource,
  { entries, names }: Pick<VerifiedFiles, 'entries' | 'names'>,
  { store, now, progress }: { readonly store: Store; readonly now: Date; readonly progress: Progress },
): Promise<readonly VerifiedRepository[]> {
  const keys = names.flatMap((name) =>
    'content' in name && /^repo\/[^/]+\.asc$/.test(name.path) ? [name.content.toString()] : [],
  )
  const digests = new Map(entries.flatMap((entry) => ('link' in entry ? [] : [[entry.path, entry.digest] as const])))
  const verified: VerifiedRepository[] = []
  for (const client of await clientsOf(source, entries)) {
    const repository = [client.base, client.suite, client.architecture].filter(Boolean).join(' ')
    try {
      progress({ kind: 'note', level: 'info', text: `read ${repository}` })
      verified.push({ repository, ...(await readAsClient(source, client, { store, now, keys, digests })) })
    } catch (error) {
      if (!(error instanceof HolotypeError) || error.kind === 'resource') throw error
      verified.push({ repository, packages: 0, damage: [{ path: client.base, what: `is refused: ${error.message}` }] })
    }
  }
  return verified
}

interface Reading {
  readonly store: Store
  readonly now: Date
  readonly keys: readonly string[]
  readonly digests: ReadonlyMap<string, Digest>
}

async function readAsClient(source: SiteSource, client: Client, { store, now, keys, digests }: Reading) {
  const { base, format, suite, components, architecture } = client
  const upstream: UrlUpstream = {
    format,
    urls: [`${source.address}${base}`],
    suites: [suite],
    components,
    keyrings: keys,
    unsigned: false,
  }
  await using fetcher = openFetcher()
  const request = {
    name: base,
    upstream,
    architecture,
    store,
    sources: [],
    fetcher,
    now: now.getTime(),
    progress: silent,
  }
  const { snapshot } = await snapshotUpstream({ ...request, verify: verifyClearSigned, verifyDetached })
  const damage: Damage[] = []
  let packages = 0
  for (const index of snapshot.suites.flatMap((one) => one.indexes)) {
    for (const [, , , , , sha256, filename] of listedPackages(store, formatOf(format), index)) {
      packages++
      const path = `${base}/${filename}`
      const digest = digests.get(path)
      if (digest === undefined) damage.push({ path, what: 'is in the index, and not on the site' })
      else if (digest !== `sha256:${sha256}`) damage.push({ path, what: 'has other bytes than its index says' })
    }
  }
  return { packages, damage }
}

/** The repositories that a site has, by the names of their tops. */
async function clientsOf(source: SiteSource, entries: readonly SiteEntry[]): Promise<readonly Client[]> {
  const clients: Client[] = []
  for (const { path } of entries) {
    const [, base, name, top = ''] = /^(repo\/([^/]+))\/(?!\.tops\/)(.+)$/.exec(path) ?? []
    const format = FORMATS.find((one) => one === name)
    if (base === undefined || format === undefined) continue
    const plain = { base, format, suite: '', components: [''], architecture: 'x86_64' }
    const suite = /^dists\/(.+)\/InRelease$/.exec(top)?.[1]
    const database = /^([^/]+)\.db$/.exec(top)?.[1]
    const architecture = /^([^/]+)-repodata$/.exec(top)?.[1]
    if (format === 'deb' && suite !== undefined) clients.push(...(await suitesOf(source, { ...plain, suite }, path)))
    else if (format === 'alpm' && database !== undefined) clients.push({ ...plain, suite: database })
    else if (format === 'rpm' && top === 'repodata/repomd.xml') clients.push(plain)
    else if (format === 'xbps' && architecture !== undefined) clients.push({ ...plain, architecture })
  }
  return clients
}

/** Of a suite, a client of each architecture. The text is only asked what there is: what it says is checked by the client. */
async function suitesOf(source: SiteSource, client: Client, path: string): Promise<readonly Client[]> {
  const text = (await source.read(path, 16 * 1024 * 1024))?.toString() ?? ''
  const wordsOf = (field: string) =>
    new RegExp(`^${field}: *(.*)$`, 'm').exec(text)?.[1]?.split(' ').filter(Boolean) ?? []
  const components = wordsOf('Components')
  const architectures = wordsOf('Architectures').filter((one) => one !== 'all' && one !== 'source')
  return (architectures.length === 0 ? ['amd64'] : architectures).map((architecture) => ({
    ...client,
    components,
    architecture,
  }))
}
