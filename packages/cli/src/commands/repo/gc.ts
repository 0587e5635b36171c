import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { formatBytes, renderTable } from '@holotype/base'
import type { FormatName } from '@holotype/formats'
import { collectSite, type CollectedAmount, type CollectedStore } from '@holotype/image'
import { collectGarbage } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { alone } from '../../work/alone.ts'
import { ownRepository } from '../../work/own.ts'
import { seconds } from '../../work/seconds.ts'
import { listSite } from '../../work/site.ts'
import { collectStoreGarbage } from '../../work/store-garbage.ts'
import type { FormatFlags } from './format-flag.ts'

export type Flags = CommonFlags &
  Partial<FormatFlags> & { readonly store: boolean; readonly dryRun: boolean; readonly grace?: string }

type Result = SiteResult | StoreResult

/** What became of the state directory's store. */
interface StoreResult extends CollectedStore {
  readonly dryRun: boolean
}

interface SiteResult {
  readonly dryRun: boolean
  readonly kept: readonly CollectedAmount[]
  readonly unreferenced: CollectedAmount
  /** Below the site: what was removed, or would be. */
  readonly removed: readonly string[]
}

const FORMATS = ['deb', 'alpm', 'rpm', 'xbps'] as const satisfies readonly FormatName[]

/**
 * With `--store` removes from the store what nothing needs, while no other command changes the state directory. Else removes from the site what nobody needs any more: withdrawn packages, and objects, statements and metadata that nothing leads to. Not one command at a
 * time like others: it and whoever publishes wait for each other.
 * @throws what `collectGarbage` and `collectSite` throw
 */
export async function run(context: Context, flags: Flags): Promise<Result> {
  const { dryRun, grace } = flags
  if (!flags.store) return await runOnSite(context, flags)
  const time = grace === undefined ? undefined : seconds(grace)
  return await alone(context, async () => ({
    dryRun,
    ...(await collectStoreGarbage(context, { dryRun, grace: time })),
  }))
}

async function runOnSite(context: Context, { format, dryRun, grace }: Flags): Promise<SiteResult> {
  const { home, now } = context
  const time = grace === undefined ? {} : { grace: seconds(grace) }
  const packages: string[] = []
  for (const one of format === undefined ? FORMATS : [format]) {
    if (!existsSync(join(home.site, 'repo', one))) continue
    const { repository, base } = await ownRepository(context, one)
    const options = { now: Math.floor(now().getTime() / 1000), dryRun, ...time }
    packages.push(...(await collectGarbage(repository, base, options)).map((path) => `repo/${one}/${path}`))
  }
  const { kept, removed, paths } = await collectSite({ site: home.site, now: now(), dryRun, ...time })
  if (!dryRun) await listSite(context)
  return { dryRun, kept, unreferenced: removed, removed: [...packages, ...paths] }
}

const WORDS = {
  live: 'kept: a channel leads to it',
  rollback: 'kept: the image before',
  grace: 'kept: was live lately',
  recent: 'kept: written lately',
  unreferenced: 'nothing leads to it',
} as const

export function show(result: Result, view: View): string {
  return 'needed' in result ? showStore(result, view) : showSite(result, view)
}

function showStore({ dryRun, needed, recent, removed }: StoreResult, { paint, width }: View): string {
  const rows = [
    ['kept: something needs it', needed],
    ['kept: used lately', recent],
    [dryRun ? 'would be removed: nothing needs it' : 'removed: nothing needs it', removed],
  ] as const
  const columns = [{ title: 'STORE' }, { title: 'FILES', align: 'right' }, { title: 'SIZE', align: 'right' }] as const
  return renderTable(
    columns,
    rows.map(([what, { files, bytes }]) => [what, `${files}`, formatBytes(bytes)]),
    { paint, ...(width === undefined ? {} : { width }) },
  )
}

function showSite({ dryRun, kept, unreferenced, removed }: SiteResult, { paint, width }: View): string {
  const verb = dryRun ? 'would remove' : 'removed'
  const paths = removed.map((path) => `${verb}  ${path}\n`).join('')
  const rows = [...kept, unreferenced].map(({ reason, files, bytes }) => [
    WORDS[reason],
    `${files}`,
    formatBytes(bytes),
  ])
  const columns = [
    { title: 'OBJECTS, STATEMENTS, METADATA' },
    { title: 'FILES', align: 'right' },
    { title: 'SIZE', align: 'right' },
  ] as const
  const table = renderTable(columns, rows, { paint, ...(width === undefined ? {} : { width }) })
  return `${paths}${removed.length === 0 ? 'Nothing to remove\n' : ''}${table}`
}
