import { renderTable, shortDigest } from '@holotype/base'
import { readSnapshot } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames, lockOf } from '../../work/images.ts'

interface Listed {
  readonly name: string
  readonly snapshot: string
  readonly suites: readonly { readonly suite: string; readonly date: string | null }[]
  readonly images: readonly string[]
}

/** The snapshots that the distribution's locks were resolved from. @throws LOCK_*, OBJECT_* */
export async function run(context: Context, _flags: CommonFlags): Promise<Listed[]> {
  const distribution = await context.distribution()
  const store = await context.store()
  const found = new Map<string, Listed>()
  for (const image of imageNames(distribution)) {
    for (const [name, snapshot] of Object.entries(lockOf(distribution, image).snapshots)) {
      const known = found.get(snapshot)
      const suites = known?.suites ?? readSnapshot(store, snapshot).suites.map(({ suite, date }) => ({ suite, date }))
      found.set(snapshot, { name, snapshot, suites, images: [...(known?.images ?? []), image] })
    }
  }
  return [...found.values()]
}

export function show(listed: readonly Listed[], { paint, width }: View): string {
  if (listed.length === 0) return 'No snapshots yet: `holotype image lock IMAGE` takes them\n'
  const rows = listed.map(({ name, snapshot, suites, images }) => [
    name,
    shortDigest(snapshot),
    images.join(', '),
    suites.map(({ suite, date }) => (date ? `${suite} of ${date.slice(0, 10)}` : suite)).join(', '),
  ])
  return renderTable(
    [{ title: 'REPOSITORY' }, { title: 'SNAPSHOT' }, { title: 'LOCKED IN' }, { title: 'SUITES' }],
    rows,
    { paint, ...(width === undefined ? {} : { width }) },
  )
}
