import { writeFileAtomic } from '@holotype/base'
import {
  bootChangeLines,
  type BootOrder,
  compareBoot,
  drawBoot,
  frozenBootOrder,
  readManifest,
  renderBoot,
} from '@holotype/image'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & { readonly from?: string; readonly svg?: string }

interface Boot {
  readonly order: BootOrder
  /** What differs from the other image, in lines. */
  readonly changes?: readonly string[]
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS, IMAGE_WITHOUT_INIT, IMAGE_MALFORMED, OBJECT_MISSING */
export async function run(context: Context, flags: Flags, name: string): Promise<Boot> {
  const distribution = await context.distribution()
  const store = await context.store()
  const of = (text: string) => {
    const image = resolveName(store, 'images', { text, names: imageNames(distribution) })
    const { boot, root } = readManifest(store, image)
    return frozenBootOrder(store, { boot, tree: root.tree })
  }
  const order = of(name)
  if (order === undefined) throw fail('IMAGE_WITHOUT_INIT', { what: `${name} holds no init, so nothing starts` })
  const change = flags.from === undefined ? undefined : compareBoot(of(flags.from), order)
  if (flags.svg !== undefined) writeFileAtomic(flags.svg, drawBoot(order, new Set(change?.added)))
  return { order, ...(change === undefined ? {} : { changes: bootChangeLines(change) }) }
}

export function show({ order, changes }: Boot, { paint }: View): string {
  if (changes === undefined) return renderBoot(order, paint)
  return changes.length === 0 ? 'the same starts in the same order\n' : `${changes.join('\n')}\n`
}
