import { type Digest, isDigest } from '@holotype/base'
import { formatOf, type PackageRecord } from '@holotype/formats'
import type { Candidate } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import type { Snapshot, SnapshotIndex } from '../types.ts'
import { readFiles } from './files.ts'
import { readIndex } from './records.ts'

const digest = z.custom<Digest>((value) => isDigest(value))

const snapshotSchema = z.strictObject({
  schema: z.literal('holotype.snapshot/1'),
  name: z.string(),
  format: z.enum(['deb', 'alpm', 'rpm', 'xbps']),
  architecture: z.string(),
  suites: z.array(
    z.strictObject({
      suite: z.string(),
      codename: z.string(),
      pocket: z.enum(['release', 'updates', 'security', 'backports', 'own', 'url']),
      date: z.iso.datetime().nullable(),
      base: z
        .string()
        .regex(/^(https?|file):\/\//)
        .nullable(),
      top: digest.exactOptional(),
      signature: digest.exactOptional(),
      unsigned: z.literal(true).exactOptional(),
      inRelease: digest.nullable().exactOptional(),
      indexes: z.array(z.strictObject({ component: z.string(), form: z.enum(['index', 'records', 'files']), digest })),
      advisories: digest.exactOptional(),
    }),
  ),
})

/** A snapshot by its digest. @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED */
export function readSnapshot(store: Store, snapshot: Digest): Snapshot {
  const result = snapshotSchema.safeParse(store.readJson(snapshot))
  if (result.success) return result.data
  throw fail('SNAPSHOT_MALFORMED', {
    what: `the object ${snapshot} is no snapshot: ${result.error.issues[0]?.message ?? ''}`,
    cause: result.error,
  })
}

/**
 * Everything a snapshot offers, for the solver: `name` is what a lock will call the snapshot, a higher `priority` wins before a newer version.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, SNAPSHOT_MALFORMED, REPOSITORY_MALFORMED
 */
export function candidatesOf(store: Store, snapshot: Digest, name: string, priority: number): Candidate[] {
  const { format, suites } = readSnapshot(store, snapshot)
  const candidates: Candidate[] = []
  for (const { indexes } of suites) {
    const files = filesOf(store, indexes)
    for (const index of indexes)
      for (const record of readIndex(store, formatOf(format), index)) {
        const more = files?.get(record.sha256)
        candidates.push({ record: more ? withFiles(record, more) : record, from: name, priority })
      }
  }
  return candidates
}

/** Paths that relations name and the index does not list; undefined where there are none. */
export function filesOf(
  store: Store,
  indexes: readonly SnapshotIndex[],
): ReadonlyMap<string, readonly string[]> | undefined {
  const index = indexes.find(({ form }) => form === 'files')
  return index && readFiles(store, index)
}

/** A record that has these files too. */
export function withFiles(record: PackageRecord, more: readonly string[]): PackageRecord {
  return { ...record, files: [...new Set([...(record.files ?? []), ...more])] }
}
