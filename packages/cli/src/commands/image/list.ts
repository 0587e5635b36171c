import { formatBytes, renderTable, shortDigest } from '@holotype/base'
import { readManifest } from '@holotype/image'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames } from '../../work/images.ts'
import { namesOf } from '../../work/names.ts'

interface Listed {
  readonly name: string
  /** The newest first. Empty: declared and never composed here. */
  readonly composed: readonly { readonly image: string; readonly files: number; readonly bytes: number }[]
}

export async function run(context: Context, _flags: CommonFlags): Promise<Listed[]> {
  const store = await context.store()
  return imageNames(await context.distribution()).map((name) => ({
    name,
    composed: namesOf(store, 'images', name)
      .reverse()
      .map((image) => ({
        image,
        files: readManifest(store, image).stats.files,
        bytes: readManifest(store, image).stats.bytes,
      })),
  }))
}

export function show(images: readonly Listed[], { paint }: View): string {
  if (images.length === 0) return 'No images yet. Declare one in images/NAME.yaml\n'
  const rows = images.flatMap(({ name, composed }) =>
    composed.length === 0
      ? [[name, '— never composed here', '', '']]
      : composed.map(({ image, files, bytes }, index) => [
          index === 0 ? name : `${name}~${index}`,
          shortDigest(image),
          String(files),
          formatBytes(bytes),
        ]),
  )
  const columns = [
    { title: 'IMAGE' },
    { title: 'DIGEST' },
    { title: 'FILES', align: 'right' },
    { title: 'SIZE', align: 'right' },
  ] as const
  return renderTable(columns, rows, { paint })
}
