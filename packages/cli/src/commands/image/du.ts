import { type Digest, formatBytes, renderTable } from '@holotype/base'
import { diskUsage, type Usage } from '@holotype/image'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & { readonly depth: number; readonly from?: string }

interface DiskUsage {
  readonly image: Digest
  /** The image it is compared with. */
  readonly from?: Digest
  readonly usage: readonly Usage[]
}

/** @throws NAME_UNKNOWN (also for a path), NAME_AMBIGUOUS, OBJECT_MISSING, IMAGE_MALFORMED */
export async function run(context: Context, flags: Flags, text: string, path = '/'): Promise<DiskUsage> {
  const names = imageNames(await context.distribution())
  const store = await context.store()
  const image = resolveName(store, 'images', { text, names })
  const from = flags.from === undefined ? {} : { from: resolveName(store, 'images', { text: flags.from, names }) }
  const usage = diskUsage(store, image, { path, depth: flags.depth, ...from })
  if (!usage) throw fail('NAME_UNKNOWN', { what: `nothing lies at ${path} in ${text}` })
  return { image, ...from, usage }
}

export function show({ from, usage }: DiskUsage, { paint }: View): string {
  const right = { align: 'right' } as const
  const columns = [
    { title: 'SIZE', ...right },
    ...(from ? [{ title: 'CHANGE', ...right }] : []),
    { title: 'FILES', ...right },
    { title: 'NEWEST' },
    { title: 'PATH' },
  ]
  const rows = usage.map(({ path, depth, type, stats, change, before }) => [
    formatBytes(change === 'removed' ? 0 : stats.bytes),
    ...(from ? [changeText((change === 'removed' ? 0 : stats.bytes) - (before?.bytes ?? 0))] : []),
    String(change === 'removed' ? 0 : stats.files),
    dayText(stats.newest),
    `${'  '.repeat(depth)}${path}${type === 'directory' && path !== '/' ? '/' : ''}`,
  ])
  return renderTable(columns, rows, { paint })
}

/** @param seconds since the epoch, whatever a package said; 0 of an empty directory */
function dayText(seconds: number): string {
  if (seconds === 0) return '—'
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 10)
}

function changeText(bytes: number): string {
  return bytes === 0 ? '=' : `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`
}
