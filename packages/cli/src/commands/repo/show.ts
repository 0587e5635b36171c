import { formatBytes, renderTable } from '@holotype/base'
import { formatOf } from '@holotype/formats'
import { listedPackages, makeListings, readSnapshot } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { locksBySnapshot, type NamedSnapshot, resolveSnapshot } from '../../work/snapshots.ts'

interface Offered {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly size: number
}

/** What a snapshot offers, or an upstream when it was last locked from. @throws LOCK_*, NAME_UNKNOWN, NAME_AMBIGUOUS, OBJECT_* */
export async function run(context: Context, _flags: CommonFlags, text: string): Promise<Offered[]> {
  const known = { distribution: await context.distribution(), store: await context.store() }
  const { snapshot } = lockedOf(known, text) ?? resolveSnapshot(known, text)
  await makeListings(known.store, [snapshot], context.progress)
  const { format, suites } = readSnapshot(known.store, snapshot)
  return suites
    .flatMap(({ indexes }) => indexes)
    .flatMap((index) => listedPackages(known.store, formatOf(format), index))
    .map(([name, version, architecture, , size]) => ({ name, version, architecture, size }))
}

/** The snapshot that the first lock has under an upstream's name. */
function lockedOf(known: Parameters<typeof locksBySnapshot>[0], upstream: string): NamedSnapshot | undefined {
  for (const [snapshot, locks] of locksBySnapshot(known))
    if (locks.some((lock) => lock.upstream === upstream)) return { upstream, snapshot }
  return undefined
}

export function show(offered: readonly Offered[], { paint, width }: View): string {
  const rows = offered.map(({ name, version, architecture, size }) => [name, version, architecture, formatBytes(size)])
  return renderTable([{ title: 'PACKAGE' }, { title: 'VERSION' }, { title: 'ARCHITECTURE' }, { title: 'SIZE' }], rows, {
    paint,
    ...(width === undefined ? {} : { width }),
  })
}
