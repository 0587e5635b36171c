import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { formatBytes, renderTable } from '@holotype/base'
import type { FormatName } from '@holotype/formats'
import { collectSite, type CollectedAmount } from '@holotype/image'
import { collectGarbage } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { ownRepository } from '../../work/own.ts'
import { seconds } from '../../work/seconds.ts'
import { listSite } from '../../work/site.ts'
import type { FormatFlags } from './format-flag.ts'

export type Flags = CommonFlags & FormatFlags & { readonly dryRun: boolean; readonly grace?: string }

interface Result {
  readonly dryRun: boolean
  readonly kept: readonly CollectedAmount[]
  readonly unreferenced: CollectedAmount
  /** Below the site: what was removed, or would be. */
  readonly removed: readonly string[]
}

const FORMATS = ['deb', 'alpm', 'rpm', 'xbps'] as const satisfies readonly FormatName[]

/**
 * Removes from the site what nobody needs any more: withdrawn packages, and objects, statements and metadata that nothing leads to. Not one command at a
 * time like others: it and whoever publishes wait for each other.
 * @throws what `collectGarbage` and `collectSite` throw
 */
export async function run(context: Context, { format, dryRun, grace }: Flags): Promise<Result> {
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

export function show({ dryRun, kept, unreferenced, removed }: Result, { paint, width }: View): string {
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
