import { resolve } from 'node:path'
import { formatBytes, HolotypeError } from '@holotype/base'
import { type Copied, mirrorForEver, mirrorOnce } from '@holotype/repository'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { bytesOf } from '../../work/bytes.ts'
import { seconds } from '../../work/seconds.ts'
import { bucketOf } from '../../work/bucket.ts'
import { siteUrl } from '../../work/site.ts'
import { count } from '../../view/words.ts'

export type Flags = CommonFlags & {
  readonly check: boolean
  readonly endpoint?: string
  readonly keep: boolean
  readonly poll: string
  readonly quota?: string
}

interface Result {
  /** The directory or the bucket. */
  readonly mirror: string
  /** Null: the mirror was up to date. */
  readonly copied: Copied | null
}

/** Makes a mirror of a site, or brings it up to date; with --keep until it is stopped. @throws what `mirrorOnce` throws */
export async function run(context: Context, flags: Flags, origin: string, place: string): Promise<Result> {
  const { progress, signal, now } = context
  const options = {
    origin: siteUrl(origin),
    to: place.startsWith('s3://') ? bucketOf(context, place, flags.endpoint) : resolve(place),
    check: flags.check,
    now,
    progress,
    signal,
    ...(flags.quota === undefined ? {} : { quota: bytesOf(flags.quota) }),
  }
  if (!flags.keep) return { mirror: place, copied: (await mirrorOnce(options)) ?? null }
  let last: Copied | null = null
  await mirrorForEver({ ...options, pollSeconds: seconds(flags.poll) }, (outcome) => {
    if (outcome instanceof Error) {
      const code = outcome instanceof HolotypeError ? ` (${outcome.code})` : ''
      return progress({ kind: 'note', level: 'warning', text: `${outcome.message}${code}` })
    }
    last = outcome
    return progress({ kind: 'note', level: 'info', text: inWords(outcome) })
  })
  return { mirror: place, copied: last }
}

export function show({ mirror, copied }: Result): string {
  return `${mirror}  ${copied ? inWords(copied) : 'up to date'}\n`
}

function inWords({ serial, before, files, bytes, removed, total }: Copied): string {
  const from = before === undefined || before === serial ? '' : `${before} → `
  const gone = removed === 0 ? '' : `, ${removed} removed`
  return `serial ${from}${serial}, ${count(files, 'file')} of ${formatBytes(bytes)} copied${gone}; ${formatBytes(total.bytes)} in all`
}
