import { isDigest, renderTable, shortDigest, type TableCell } from '@holotype/base'
import { diffSnapshots, makeListings, type PackageChange, type SnapshotDiff } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count } from '../../view/words.ts'
import { resolvePair } from '../../work/snapshots.ts'

export type Flags = CommonFlags & { readonly limit: number }

/** With how the two were called, and how many lines are to be shown. */
type Compared = SnapshotDiff & { readonly from: string; readonly to: string; readonly limit: number }

/** What changed from one snapshot to another. @throws NAME_UNKNOWN, NAME_AMBIGUOUS, SNAPSHOT_NOT_COMPARABLE, LOCK_*, OBJECT_* */
export async function run(context: Context, { limit }: Flags, from: string, to: string): Promise<Compared> {
  const store = await context.store()
  const [before, after] = resolvePair({ distribution: await context.distribution(), store }, from, to)
  await makeListings(store, [before.snapshot, after.snapshot], context.progress)
  return { from, to, limit, ...diffSnapshots(store, before.snapshot, after.snapshot) }
}

const KINDS = [
  ['added', 'added', '+'],
  ['removed', 'removed', '-'],
  ['newer', 'newer', '>'],
  ['older', 'older', '<'],
  ['rebuilt', 'rebuilt under the same version', '='],
] as const
/** Sources of which as many packages changed are told by the packages already. */
const SOURCES_SHOWN = 10

export function show(diff: Compared, { paint, width }: View): string {
  const { from, to, before, after, packages, sources, limit } = diff
  const counts = KINDS.map(([kind, words]) => [packages.filter(({ change }) => change === kind).length, words] as const)
  const words = counts.filter(([amount]) => amount > 0).map(([amount, word]) => `${amount} ${word}`)
  const head = `${paint.bold(`${called(from)} → ${called(to)}`)}: ${before.packages} → ${count(after.packages, 'package')}\n${words.join(', ') || 'no package differs'}\n`
  if (packages.length === 0) return head
  const fit = { paint, ...(width === undefined ? {} : { width }) }
  const shown = limit === 0 ? packages : packages.slice(0, limit)
  const table = renderTable(
    [{ title: ' ', least: 1 }, { title: 'PACKAGE' }, { title: 'BEFORE' }, { title: 'AFTER' }],
    shown.map((change) => rowOf(change, paint)),
    fit,
  )
  const rest = packages.length - shown.length
  const more = rest > 0 ? paint.dim(`… and ${count(rest, 'more')}: --limit 0 lists all\n`).replace('mores', 'more') : ''
  const bySource = renderTable(
    [
      { title: 'SOURCE' },
      { title: 'ADDED', align: 'right' },
      { title: 'REMOVED', align: 'right' },
      { title: 'CHANGED', align: 'right' },
    ],
    (limit === 0 ? sources : sources.slice(0, SOURCES_SHOWN)).map(({ source, added, removed, changed }) => [
      source,
      String(added),
      String(removed),
      String(changed),
    ]),
    fit,
  )
  return `${head}\n${table}${more}\n${bySource}`
}

/** A whole digest takes a line of its own; its beginning says as much. */
function called(text: string): string {
  return isDigest(text) ? shortDigest(text) : text
}

function rowOf({ name, architecture, before, after, change }: PackageChange, paint: View['paint']): TableCell[] {
  const mark = KINDS.find(([kind]) => kind === change)?.[2] ?? ''
  const alarming =
    change === 'older' || change === 'rebuilt' ? paint.yellow : change === 'removed' ? paint.red : paint.green
  return [{ text: mark, paint: alarming }, `${name}:${architecture}`, before ?? '', after ?? '']
}
