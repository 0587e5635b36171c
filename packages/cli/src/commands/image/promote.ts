import { resolve } from 'node:path'
import { renderPairs, shortDigest } from '@holotype/base'
import { promoteExports, type Promoted } from '@holotype/image'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count } from '../../view/words.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & { readonly out?: string; readonly image?: string }

/** @throws EXPORT_*, KEY_MISSING, NAME_UNKNOWN */
export async function run(context: Context, flags: Flags, name: string): Promise<Promoted> {
  const names = imageNames(await context.distribution())
  const image =
    flags.image === undefined ? undefined : resolveName(await context.store(), 'images', { text: flags.image, names })
  return await promoteExports({
    out: flags.out === undefined ? context.home.exports : resolve(flags.out),
    name,
    ...(image === undefined ? {} : { image }),
    publicKey: (await context.keyring()).exportsKey().publicKey(),
  })
}

export function show({ image, before, files, directory }: Promoted, { paint }: View): string {
  return renderPairs(
    [
      ['current', `${paint.bold(shortDigest(image))}, ${count(files, 'file')} verified`],
      ['before', before === undefined ? 'none' : shortDigest(before)],
      ['directory', directory],
    ],
    paint,
  )
}
