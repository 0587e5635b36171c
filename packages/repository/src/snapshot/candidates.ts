import { type Digest, isDigest } from '@holotype/base'
import { formatOf } from '@holotype/formats'
import type { Candidate } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import type { Snapshot } from '../types.ts'
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
      pocket: z.enum(['release', 'updates', 'security', 'backports', 'own']),
      date: z.iso.datetime().nullable(),
      base: z
        .string()
        .regex(/^(https?|file):\/\//)
        .nullable(),
      inRelease: digest.nullable(),
      indexes: z.array(z.strictObject({ component: z.string(), form: z.enum(['index', 'records']), digest })),
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
  return suites
    .flatMap(({ indexes }) => indexes)
    .flatMap((index) => readIndex(store, formatOf(format), index))
    .map((record) => ({ record, from: name, priority }))
}
