import { type Digest, digestOf, formatBytes, type HolotypeError, isErrorCode, runTask, silent } from '@holotype/base'
import { type Format, formatOf, type RepositoryHead, type RepositoryIndex } from '@holotype/formats'
import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { Pocket, Snapshot, SnapshotIndex, SnapshotSuite, TakenSnapshot } from '../types.ts'
import { asUpstream, mismatch } from './failures.ts'
import { decompressIndex, FORMS } from './decompress.ts'
import { fetchHead } from './head.ts'
import type { SnapshotRequest, SuiteRequest } from './request.ts'
import { sitesOf } from './sites.ts'

interface TakenSuite {
  readonly suite: SnapshotSuite
  readonly bytesFetched: number
}

/**
 * Takes the present state of an upstream into the store: the signed top of each suite, its signature checked, and the indexes it
 * names, each checked by size and SHA-256 before it is unpacked and after (Debian RepositoryFormat; apt-secure(8)).
 * An index that the store has is not fetched: while upstream stays as it is, so does the snapshot's digest.
 * @throws UPSTREAM_NO_SOURCES, UPSTREAM_UNREACHABLE, UPSTREAM_SIGNATURE, UPSTREAM_EXPIRED, UPSTREAM_MISMATCH, DISK_FULL
 */
export async function snapshotUpstream(request: SnapshotRequest): Promise<TakenSnapshot> {
  const { name, upstream, architecture, store, progress = silent } = request
  const format = formatOf(upstream.format)
  return runTask(
    progress,
    { title: `snapshot ${name}`, total: upstream.pockets.length, unit: 'steps' },
    async (task) => {
      const taken: TakenSuite[] = []
      for (const [index, pocket] of upstream.pockets.entries()) {
        task.advance(index, { note: pocket })
        taken.push(await takePocket(request, format, pocket))
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
    },
  )
}

/** The pocket's suite at the first address that has it. An address that answers wrongly ends it: that is not to be passed over in silence. */
async function takePocket(request: SnapshotRequest, format: Format, pocket: Pocket): Promise<TakenSuite> {
  let last: HolotypeError | undefined
  for (const site of sitesOf(request, pocket)) {
    try {
      const suite = await takeSuite({ ...request, format, site })
      if (suite) return suite
    } catch (error) {
      if (!isErrorCode(error, 'UPSTREAM_UNREACHABLE')) throw error
      last = error
    }
  }
  throw (
    last ?? fail('UPSTREAM_NO_SOURCES', { what: `no source of the pocket ${pocket} is of this machine's distribution` })
  )
}

/** Undefined if the suite is a third party's that has taken the release's name. */
async function takeSuite(request: SuiteRequest): Promise<TakenSuite | undefined> {
  const { site, store, upstream } = request
  const { head, inRelease } = await fetchHead(request)
  if (head.origin.toLowerCase() !== site.origin.toLowerCase()) return undefined
  const indexes: SnapshotIndex[] = []
  let bytesFetched = 0
  for (const component of upstream.components) {
    const { digest, fetched } = await takeIndex(request, head, component)
    indexes.push({ component, form: 'index', digest })
    bytesFetched += fetched
  }
  const suite: SnapshotSuite = {
    suite: site.suite,
    codename: head.codename,
    pocket: site.pocket,
    date: head.date,
    base: site.uri,
    inRelease: store.put(inRelease),
    indexes,
  }
  return { suite, bytesFetched }
}

async function takeIndex(
  request: SuiteRequest,
  head: RepositoryHead,
  component: string,
): Promise<{ readonly digest: Digest; readonly fetched: number }> {
  const { site, store, architecture } = request
  const path = `${component}/binary-${architecture}/Packages`
  const listed = new Map(head.indexes.map((index) => [index.path, index]))
  const plain = listed.get(path)
  if (!plain) throw mismatch(`${site.uri}, suite ${site.suite}, lists no ${path}`)
  if (plain.size > INDEX_BYTES) throw mismatch(`${path} of ${site.suite} is larger than ${INDEX_BYTES} bytes`)
  const digest: Digest = `sha256:${plain.sha256}`
  if (store.has(digest)) return { digest, fetched: 0 }
  for (const form of FORMS) {
    const index = listed.get(`${path}${form}`)
    if (!index) continue
    const bytes = await fetchIndex(request, index)
    if (!bytes) continue
    const unpacked = await decompressIndex(bytes, form, plain.size).catch((cause: unknown) => {
      throw mismatch(`${index.path} of ${site.suite} does not unpack to ${plain.size} bytes`, cause)
    })
    if (digestOf(unpacked) !== digest)
      throw mismatch(`${index.path} of ${site.suite} unpacks to other bytes than are signed`)
    return { digest: store.put(unpacked), fetched: bytes.length }
  }
  throw fail('UPSTREAM_UNREACHABLE', { what: `${site.uri} has none of the forms of ${path} of ${site.suite}` })
}

/** The bytes of an index as the signed top has them, by hash where the server keeps that; undefined if it has the file under neither name. */
async function fetchIndex({ site, fetcher }: SuiteRequest, index: RepositoryIndex): Promise<Buffer | undefined> {
  if (index.size > INDEX_BYTES) throw mismatch(`${index.path} of ${site.suite} is larger than ${INDEX_BYTES} bytes`)
  const top = `${site.uri}/dists/${site.suite}`
  const directory = index.path.slice(0, index.path.lastIndexOf('/'))
  for (const url of [`${top}/${directory}/by-hash/SHA256/${index.sha256}`, `${top}/${index.path}`]) {
    try {
      const { bytes } = await fetcher.get(url, index.size)
      if (bytes.length === index.size && digestOf(bytes) === `sha256:${index.sha256}`) return bytes
      throw mismatch(`${url} is not the file that the signed top names`)
    } catch (error) {
      if (isErrorCode(error, 'FETCH_NOT_FOUND')) continue
      throw asUpstream(error)
    }
  }
  return undefined
}
