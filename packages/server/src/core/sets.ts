import { type Digest, digestOf } from '@holotype/base'
import { setText } from '@holotype/audit'
import { packageSetSchema } from '../api.ts'
import { fail } from '../errors.ts'
import type { Context } from './context.ts'
import { judgeNewPairs } from './findings.ts'

/**
 * Stores an installed set under its digest, from exactly the bytes that were sent. Idempotent.
 * @throws SET_DIGEST, SET_NOT_CANONICAL, REQUEST_INVALID
 */
export async function storeSet(context: Context, digest: Digest, bytes: Uint8Array): Promise<void> {
  if (digestOf(bytes) !== digest) throw fail('SET_DIGEST', { what: `the bytes sent are not ${digest}` })
  const parsed = packageSetSchema.safeParse(parseJson(bytes))
  if (!parsed.success) throw fail('REQUEST_INVALID', { what: 'the set is not a list of packages' })
  const text = setText(parsed.data)
  // Byte for byte: an invalid or a different encoding of the same set must not get in under a digest of its own.
  if (!Buffer.from(text).equals(bytes))
    throw fail('SET_NOT_CANONICAL', { what: `the set ${digest} is not in canonical form` })
  const stored = await context.db
    .insertInto('sets')
    .values({ digest, body: text, packages: parsed.data.length, received_at: context.now() })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .returning('digest')
    .executeTakeFirst()
  if (stored) context.metrics.setsStored.inc()
  await judgeNewPairs(context, { set: digest })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (error) {
    throw fail('REQUEST_INVALID', { what: 'the set is not JSON', cause: error })
  }
}
