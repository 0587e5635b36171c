import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, formatBytes, pad, type Painter, renderTable, writeFileAtomic } from '@holotype/base'
import { type Cruft, type CruftClass, findCruft, type Kept, leaveOut, readManifest } from '@holotype/image'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count, wrapWords } from '../../view/words.ts'
import { imageNames, specOf } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & {
  readonly class?: readonly CruftClass[]
  readonly limit: number
  readonly write: boolean
}

interface Found extends Cruft {
  readonly image: Digest
  readonly limit: number
  /** Of what `--write` did: the file, and the change as a unified diff. */
  readonly written?: { readonly file: string; readonly diff: string }
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS, OBJECT_MISSING, IMAGE_MALFORMED, LOCK_MALFORMED; with --write SPEC_MOVED, YAML_SCHEMA, DISK_FULL */
export async function run(context: Context, flags: Flags, text: string): Promise<Found> {
  const distribution = await context.distribution()
  const store = await context.store()
  const image = resolveName(store, 'images', { text, names: imageNames(distribution) })
  const manifest = readManifest(store, image)
  const file = join(context.directory, 'images', `${manifest.name}.yaml`)
  const before = flags.write ? readFileSync(file, 'utf8') : ''
  if (flags.write && store.putJson(specOf(distribution, manifest.name, store)) !== manifest.spec)
    throw fail('SPEC_MOVED', { what: `${file} says something else than what ${text} was composed from` })
  const all = await findCruft(store, image)
  const wanted = (item: { readonly class: CruftClass }) => flags.class?.includes(item.class) ?? true
  const untold = wanted({ class: 'packages' }) ? all.untold : []
  const items = all.items.filter(wanted)
  const found = { items, sums: all.sums.filter(wanted), kept: all.kept.filter(wanted), untold }
  const result = { image, limit: flags.limit, ...found }
  if (!flags.write) return result
  const changed = leaveOut({ file, text: before }, items)
  const target = realpathSync(file)
  if (readFileSync(target, 'utf8') !== before) throw fail('SPEC_MOVED', { what: `${file} has changed in the meantime` })
  if (changed.diff !== '') writeFileAtomic(target, changed.text, statSync(target).mode & 0o777)
  return { ...result, written: { file, diff: changed.diff } }
}

export function show({ items, sums, kept, untold, limit, written }: Found, view: View): string {
  const { paint } = view
  const right = { align: 'right' } as const
  const shown = limit === 0 ? items : items.slice(0, limit)
  const more = items.length - shown.length
  const columns = [{ title: 'CLASS' }, { title: 'FILES', ...right }, { title: 'SIZE', ...right }]
  const rows = sums.map((sum) => [sum.class, String(sum.files), formatBytes(sum.bytes)])
  const parts = [
    items.length === 0 ? 'Nothing was found that the image could do without.\n' : renderTable(columns, rows, { paint }),
    shown
      .map((item) => entryText(`${item.class}  ${paint.bold(item.what)}`, { ...item, why: item.proof }, view))
      .join(''),
    more > 0 ? `${paint.dim(`and ${count(more, 'more')}: --limit 0 shows all`)}\n` : '',
    keptText(kept, view),
    untold.map((what) => `${paint.yellow('not found out:')} ${what}\n`).join(''),
    written ? writtenText(written, paint) : '',
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function entryText(head: string, { bytes, why }: { readonly bytes: number; readonly why: string }, view: View): string {
  const indent = ' '.repeat(SIZE_COLUMNS + 2)
  const lines = view.width === undefined ? [why] : wrapWords(why, Math.max(20, view.width - indent.length))
  const size = pad(formatBytes(bytes), SIZE_COLUMNS, 'right')
  return [`${size}  ${head}`, ...lines.map((line) => `${indent}${view.paint.dim(line)}`)]
    .map((line) => `${line}\n`)
    .join('')
}

/** `1019 KiB` */
const SIZE_COLUMNS = 8

/** Libraries each with who may load it; packages, of which an installation has many, by reason. */
function keptText(kept: readonly Kept[], view: View): string {
  const libraries = kept.filter((item) => item.class !== 'packages')
  const packages = Map.groupBy(
    kept.filter((item) => item.class === 'packages'),
    ({ because }) => because,
  )
  const lines = [
    ...libraries.map((item) => entryText(`${item.class}  ${item.what}`, { ...item, why: item.because }, view)),
    ...[...packages].map(([because, members]) => {
      const bytes = members.reduce((sum, item) => sum + item.bytes, 0)
      const why = members.map(({ what }) => what).join(' ')
      return entryText(`packages  ${because}`, { bytes, why }, view)
    }),
  ]
  return lines.length === 0 ? '' : `${view.paint.dim('Not counted:')}\n${lines.join('')}`
}

function writtenText({ file, diff }: { readonly file: string; readonly diff: string }, paint: Painter): string {
  if (diff === '') return `${file} has all of it already.\n`
  const colours = { '+': paint.green, '-': paint.red, '@': paint.cyan }
  const lines = diff.split('\n').map((line) => {
    const mark = line.charAt(0)
    return mark === '+' || mark === '-' || mark === '@' ? colours[mark](line) : line
  })
  return `${lines.join('\n')}\nWritten to ${file}. Next: holotype image lock, holotype image compose, and look at the difference.\n`
}
