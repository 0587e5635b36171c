import type { Kysely, Transaction } from 'kysely'
import type { ReviewPolicy } from '@holotype/distribution'
import type { Database } from '../database/schema.ts'
import type { Changes } from './changes.ts'
import type { Metrics } from './metrics.ts'

/** What every operation is given. */
export interface Context {
  readonly db: Kysely<Database>
  /** The time, for everything that is written: one clock for a whole request. */
  readonly now: () => Date
  readonly changes: Changes
  readonly metrics: Metrics
  readonly distribution: string
  /** What the distribution demands of reviews. */
  readonly reviewPolicy: ReviewPolicy
  readonly siteDirectory: string
}

/** A transaction or the plain connection: for queries that go into either. */
export type Queries = Kysely<Database> | Transaction<Database>
