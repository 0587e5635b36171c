import { type Digest, isErrorCode } from '@holotype/base'
import {
  type Format,
  formatOf,
  type MendedPackage,
  type RepositoryHead,
  type UpstreamAdvisory,
} from '@holotype/formats'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { readSnapshot } from './candidates.ts'
import { takeIndex, type TakenIndex } from './indexes.ts'
import { recallObject } from './recall.ts'
import type { SuiteRequest } from './request.ts'
import { placeOf } from './top.ts'

/*
 * What an upstream says of security problems in its own packages (rpm: updateinfo.xml). It is of the same signed state as the packages, and so the
 * snapshot keeps it. A short form is made of it once, for each difference of two images reads it.
 */

/** Rises when the short form says something else. */
const SCHEMA = 'holotype.advisories/1'

const shortSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  advisories: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      severity: z.string(),
      packages: z.array(
        z.strictObject({
          name: z.string(),
          version: z.string(),
          architecture: z.string(),
          ofStream: z.literal(true).exactOptional(),
        }),
      ),
    }),
  ),
})

/**
 * Brings the advisories that a suite's top names into the store; undefined where it names none. Those that do not parse are told of and left out: the
 * packages beside them are what the snapshot is for.
 * @throws UPSTREAM_UNREACHABLE, UPSTREAM_MISMATCH, DISK_FULL
 */
export async function takeAdvisories(request: SuiteRequest, head: RepositoryHead): Promise<TakenIndex | undefined> {
  const { site, store, fetcher, format, progress } = request
  const forms = format.upstream.advisoryIndexes?.(head, placeOf(request, site.components[0] ?? '')) ?? []
  if (forms.length === 0) return undefined
  const taken = await takeIndex({ uri: site.uri, store, fetcher }, forms)
  try {
    shortOf(store, format, taken.digest)
    return taken
  } catch (error) {
    if (!isErrorCode(error, 'REPOSITORY_MALFORMED')) throw error
    const text = `the advisories of ${site.uri} cannot be read and are left out: ${error.message}`
    progress?.({ kind: 'note', level: 'warning', text })
    return undefined
  }
}

/**
 * What the upstream of a snapshot says of security problems in its packages, for the snapshot's architecture. Empty where it says nothing.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED, DISK_FULL
 */
export function snapshotAdvisories(store: Store, snapshot: Digest): UpstreamAdvisory[] {
  const { format, architecture, suites } = readSnapshot(store, snapshot)
  const isHere = (item: MendedPackage) => item.architecture === architecture || item.architecture === 'noarch'
  return suites.flatMap(({ advisories }) => {
    if (advisories === undefined) return []
    const short = shortOf(store, formatOf(format), advisories)
    const parsed = shortSchema.safeParse(store.readJson(short))
    if (!parsed.success)
      throw fail('SNAPSHOT_MALFORMED', { what: `the object ${short} is no list of advisories`, cause: parsed.error })
    return parsed.data.advisories.flatMap((advisory) => {
      const packages = advisory.packages.filter(isHere)
      return packages.length === 0 ? [] : [{ ...advisory, packages }]
    })
  })
}

/** The short form of an index of advisories, from the store or made now: an object. @throws REPOSITORY_MALFORMED, OBJECT_*, DISK_FULL */
function shortOf(store: Store, format: Format, index: Digest): Digest {
  const key = `advisories/1-${format.name}-${index.slice('sha256:'.length)}`
  const known = recallObject(store, key)
  if (known) return known
  const advisories = format.upstream.parseAdvisories?.(store.read(index)) ?? []
  const short = store.putJson({ schema: SCHEMA, advisories })
  store.remember(key, short)
  return short
}
