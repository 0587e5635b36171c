import { type Digest, formatBytes, renderPairs, shortDigest } from '@holotype/base'
import { compose } from '@holotype/image/compose'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { count } from '../../view/words.ts'
import { noteComposition } from '../../work/authors.ts'
import { lockToCompose, specOf } from '../../work/images.ts'
import { addName } from '../../work/names.ts'

export type Flags = CommonFlags & { readonly lock?: string }

interface Made {
  readonly name: string
  readonly image: Digest
  readonly packages: number
  readonly files: number
  readonly directories: number
  readonly bytes: number
  readonly milliseconds: number
}

export const exclusive = true

/** @throws LOCK_*, IMAGE_*, UNPACK_FAILED, OBJECT_MISSING, DISK_FULL */
export async function run(context: Context, flags: Flags, name: string): Promise<Made> {
  const start = performance.now()
  const distribution = await context.distribution()
  const store = await context.store()
  const lock = lockToCompose(distribution, name, flags.lock)
  const { image, manifest } = await compose({
    store,
    lock,
    spec: specOf(distribution, name, store),
    progress: context.progress,
    signal: context.signal,
  })
  addName(store, 'images', { name, digest: image })
  await noteComposition(context, store, { image, distribution })
  await store.flush()
  const { files, directories, bytes } = manifest.stats
  return {
    name,
    image,
    packages: lock.packages.length,
    files,
    directories,
    bytes,
    milliseconds: Math.round(performance.now() - start),
  }
}

export function show(made: Made, { paint }: View): string {
  return renderPairs(
    [
      ['composed', `${paint.bold(made.name)} ${shortDigest(made.image)}`],
      ['holds', `${count(made.packages, 'package')}, ${count(made.files, 'file')}, ${formatBytes(made.bytes)}`],
      ['digest', made.image],
    ],
    paint,
  )
}
