import { formatBytes, renderTable } from '@holotype/base'
import { candidatesOf } from '@holotype/repository'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames, lockOf } from '../../work/images.ts'

interface Offered {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly size: number
}

/** What a repository offered when it was last locked from. @throws LOCK_*, NAME_UNKNOWN, OBJECT_* */
export async function run(context: Context, _flags: CommonFlags, name: string): Promise<Offered[]> {
  const distribution = await context.distribution()
  const store = await context.store()
  for (const image of imageNames(distribution)) {
    const snapshot = lockOf(distribution, image).snapshots[name]
    if (!snapshot) continue
    return candidatesOf(store, snapshot, name, 0).map(({ record: { name: own, version, architecture, size } }) => ({
      name: own,
      version,
      architecture,
      size,
    }))
  }
  throw fail('NAME_UNKNOWN', { what: `no lock names a repository "${name}"`, hint: 'see `holotype repo list`' })
}

export function show(offered: readonly Offered[], { paint }: View): string {
  const rows = offered.map(({ name, version, architecture, size }) => [name, version, architecture, formatBytes(size)])
  return renderTable([{ title: 'PACKAGE' }, { title: 'VERSION' }, { title: 'ARCHITECTURE' }, { title: 'SIZE' }], rows, {
    paint,
  })
}
