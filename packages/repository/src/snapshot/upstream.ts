import { digestOf, formatBytes, type HolotypeError, isErrorCode, runTask, silent } from '@holotype/base'
import { formatOf, type UpstreamIndex } from '@holotype/formats'
import { fail } from '../errors.ts'
import { TOP_READINGS } from '../limits.ts'
import type { Snapshot, SnapshotIndex, SnapshotSuite, TakenSnapshot } from '../types.ts'
import { takeAdvisories } from './advisories.ts'
import { mismatch, readFrom } from './failures.ts'
import { takeIndex, type TakenIndex, unpack } from './indexes.ts'
import { listingOf } from './listing.ts'
import type { SnapshotRequest, SuiteRequest, SuiteSites } from './request.ts'
import { suitesOf } from './sites.ts'
import { type FetchedTop, fetchTop, placeOf, readTop, rememberAge, urlOf } from './top.ts'

interface TakenSuite {
  readonly suite: SnapshotSuite
  readonly bytesFetched: number
}

/**
 * Takes the present state of an upstream into the store: the top of each suite, its signature checked, and the indexes it names, each
 * checked before it is unpacked and after (deb: Debian RepositoryFormat, apt-secure(8); rpm: createrepo_c(8); alpm: repo-add(8)). Every
 * index is read once, so that a snapshot in the store is one that can be resolved from.
 * An index that the store has is not fetched: while upstream stays as it is, so does the snapshot's digest.
 * @throws UPSTREAM_NO_SOURCES, UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE, UPSTREAM_EXPIRED, UPSTREAM_MISMATCH, REPOSITORY_MALFORMED, DISK_FULL
 */
export async function snapshotUpstream(request: SnapshotRequest): Promise<TakenSnapshot> {
  const { name, upstream, architecture, store, progress = silent } = request
  const suites = suitesOf(request)
  return runTask(progress, { title: `snapshot ${name}`, total: suites.length, unit: 'steps' }, async (task) => {
    const taken: TakenSuite[] = []
    for (const [index, suite] of suites.entries()) {
      task.advance(index, { note: suite.title })
      taken.push(await takeFirst(request, suite))
    }
    const snapshot: Snapshot = {
      schema: 'holotype.snapshot/1',
      name,
      format: upstream.format,
      architecture,
      suites: taken.map(({ suite }) => suite),
    }
    const digest = store.putJson(snapshot)
    await store.flush()
    const bytesFetched = taken.reduce((sum, suite) => sum + suite.bytesFetched, 0)
    task.note(bytesFetched === 0 ? 'unchanged indexes' : `${formatBytes(bytesFetched)} of indexes`)
    return { digest, snapshot, bytesFetched }
  })
}

/** The suite at the first address that has it. An address that answers wrongly ends it: that is not to be passed over in silence. */
async function takeFirst(request: SnapshotRequest, { title, sites }: SuiteSites): Promise<TakenSuite> {
  const format = formatOf(request.upstream.format)
  let last: HolotypeError | undefined
  for (const site of sites) {
    try {
      const suite = await takeSteady({ ...request, format, site })
      if (suite) return suite
    } catch (error) {
      if (!isErrorCode(error, 'UPSTREAM_UNREACHABLE')) throw error
      last = error
    }
  }
  throw last ?? fail('UPSTREAM_NO_SOURCES', { what: `no source of ${title} is of this machine's distribution` })
}

/**
 * A repository may be replaced while it is read: then an index is gone or another one, or a signature is of the next top. What fails is begun
 * anew if the top is another one by now, and is a failure if it is not.
 */
async function takeSteady(request: SuiteRequest): Promise<TakenSuite | undefined> {
  let top = await fetchTop(request)
  for (let readings = 1; ; readings++) {
    try {
      return await takeSuite(request, top)
    } catch (error) {
      if (!mayBeTorn(error)) throw error
      const again = await fetchTop(request)
      const same = again.bytes.equals(top.bytes) && sameBytes(again.signature, top.signature)
      if (same) throw error
      if (readings >= TOP_READINGS)
        throw mismatch(`${top.url} was replaced ${readings} times while it and its indexes were read`, error)
      top = again
    }
  }
}

function mayBeTorn(error: unknown): boolean {
  return (
    isErrorCode(error, 'UPSTREAM_MISMATCH') ||
    isErrorCode(error, 'UPSTREAM_UNREACHABLE') ||
    isErrorCode(error, 'UPSTREAM_SIGNATURE')
  )
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}

/** Undefined if the suite is a third party's that has taken the release's name. */
async function takeSuite(request: SuiteRequest, top: FetchedTop): Promise<TakenSuite | undefined> {
  const { site, store, format } = request
  const head = await readTop(request, top)
  if (site.origin !== undefined && head.origin.toLowerCase() !== site.origin.toLowerCase()) return undefined
  const indexes: SnapshotIndex[] = []
  const urls: string[] = []
  let bytesFetched = 0
  const keep = (component: string, url: string, { digest, fetched }: TakenIndex) => {
    indexes.push({ component, form: 'index', digest })
    urls.push(url)
    bytesFetched += fetched
  }
  const from = { uri: site.uri, store, fetcher: request.fetcher }
  const urlOfForms = (forms: readonly UpstreamIndex[]) => urlOf(site, forms[0]?.paths.at(-1) ?? '')
  for (const component of site.components) {
    const forms = format.upstream.indexes(head, placeOf(request, component))
    if (forms.length > 0) keep(component, urlOfForms(forms), await takeIndex(from, forms))
    else keep(component, top.url, await takeTopAsIndex(request, top))
    const forAll = format.upstream.indexesForAll?.(head, placeOf(request, component)) ?? []
    if (forAll.length === 0) continue
    keep(component, urlOfForms(forAll), await takeIndex(from, forAll))
  }
  const advisories = await takeAdvisories(request, head)
  bytesFetched += advisories?.fetched ?? 0
  // All that the top names is there: now what it holds is looked at.
  for (const [at, index] of indexes.entries()) readFrom(urls[at] ?? top.url, () => listingOf(store, format, index))
  const suite: SnapshotSuite = {
    suite: site.suite,
    codename: head.codename,
    pocket: site.pocket,
    date: head.date === '' ? null : head.date,
    base: site.uri,
    top: store.put(top.bytes),
    ...(top.signature ? { signature: store.put(top.signature) } : {}),
    ...(site.unsigned ? { unsigned: true } : {}),
    indexes,
    ...(advisories ? { advisories: advisories.digest } : {}),
  }
  rememberAge(request, head)
  return { suite, bytesFetched }
}

async function takeTopAsIndex({ store, format }: SuiteRequest, { url, bytes }: FetchedTop) {
  const fetched = store.has(digestOf(bytes)) ? 0 : bytes.length
  return { digest: await unpack(store, bytes, { compression: format.upstream.compressionOf(bytes), url }), fetched }
}
