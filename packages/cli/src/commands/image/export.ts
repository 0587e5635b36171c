import { resolve } from 'node:path'
import { type Digest, formatBytes, renderPairs, renderTable, shortDigest } from '@holotype/base'
import { type ArchiveCompression, exportImage, type ExportKind } from '@holotype/image'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & {
  readonly kind: readonly ExportKind[]
  readonly compression?: ArchiveCompression
  readonly join?: readonly string[]
  readonly out?: string
}

interface Made {
  readonly image: Digest
  readonly directory: string
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[]
  readonly milliseconds: number
}

/** @throws NAME_UNKNOWN, KEY_MISSING, and what `exportImage` throws */
export async function run(context: Context, flags: Flags, name: string): Promise<Made> {
  const start = performance.now()
  const names = imageNames(await context.distribution())
  const store = await context.store()
  const imageOf = (text: string) => resolveName(store, 'images', { text, names })
  const made = await exportImage({
    store,
    image: imageOf(name),
    platforms: (flags.join ?? []).map(imageOf),
    kinds: flags.kind,
    ...(flags.compression ? { compression: flags.compression } : {}),
    out: flags.out === undefined ? context.home.exports : resolve(flags.out),
    key: (await context.keyring()).exportsKey(),
    progress: context.progress,
    signal: context.signal,
  })
  return { ...made, milliseconds: Math.round(performance.now() - start) }
}

export function show({ image, directory, files }: Made, { paint }: View): string {
  const columns = [{ title: 'FILE' }, { title: 'SIZE', align: 'right' }, { title: 'SHA256' }] as const
  const rows = files.map(({ path, bytes, sha256 }) => [path, formatBytes(bytes), sha256.slice(0, 12)])
  const facts = renderPairs(
    [
      ['exported', paint.bold(shortDigest(image))],
      ['candidate', directory],
    ],
    paint,
  )
  return `${facts}\n${renderTable(columns, rows, { paint })}`
}
