import { renderTable, shortDigest } from '@holotype/base'
import { auditSchema } from '@holotype/server/api'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'

export type Flags = CommonFlags & { readonly limit: number }

const recordsSchema = z.array(auditSchema)
/** Below this width the commit is left out; `--json` has it. */
const NARROW_COLUMNS = 100

type Records = z.output<typeof recordsSchema>

/** @throws CLI_USAGE, SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, flags: Flags): Promise<Records> {
  if (!Number.isSafeInteger(flags.limit) || flags.limit < 1)
    throw fail('CLI_USAGE', { what: `--limit must be a whole number from 1, not ${flags.limit}` })
  return (await (await context.api()).get('audit', recordsSchema)).slice(0, flags.limit)
}

export function show(records: Records, view: View): string {
  if (records.length === 0) return 'No records yet: nothing was decided.\n'
  const narrow = view.width !== undefined && view.width < NARROW_COLUMNS
  const columns = [
    { title: 'TIME (UTC)', least: 19 },
    { title: 'ACTOR' },
    { title: 'ACTION', least: 17 },
    { title: 'SUBJECT', least: 12 },
    { title: 'REASON', least: 12 },
    ...(narrow ? [] : [{ title: 'COMMIT', least: 12 }]),
  ]
  const rows = records.map((record) => [
    record.time.slice(0, 19).replace('T', ' '),
    record.actor,
    record.action,
    /^sha256:[0-9a-f]{64}$/.test(record.subject) ? shortDigest(record.subject) : record.subject,
    record.reason,
    ...(narrow ? [] : [record.commit.slice(0, 12)]),
  ])
  return renderTable(columns, rows, { ...(view.width === undefined ? {} : { width: view.width }), paint: view.paint })
}
