import type { Status } from '@holotype/server/api'

/** A form that tells things apart without colour. `ui/shape.tsx` draws it as SVG, `fleet/paint.ts` on a canvas. */
export type Shape = 'disc' | 'ring' | 'square' | 'triangle' | 'diamond' | 'cross' | 'bar' | 'half'

/** How an image looks wherever nodes are coloured by image: one shape and one colour (`--mark-0` … `--mark-4`, `--mark-none`). */
export interface ImageMark {
  readonly shape: Shape
  readonly tone: number | 'none'
}

// No triangle and no cross: they say "finding" and "failed" beside these.
const SHAPES = ['square', 'disc', 'diamond', 'bar'] as const
const NO_IMAGE: ImageMark = { shape: 'ring', tone: 'none' }
/** All images past the fourth share one mark: nobody tells more than that apart. */
const OTHER: ImageMark = { shape: 'half', tone: 4 }

/**
 * Gives every image its mark. The order is the channels' own (current, next, then what nodes still hold), so that an image looks the
 * same on every page; images only `others` names come last, in digest order.
 */
export function imageMarks(
  channels: Status['channels'],
  others: Iterable<string | null> = [],
): (image: string | null) => ImageMark {
  const marks = new Map<string, ImageMark>()
  const add = (image: string | null): void => {
    if (image === null || marks.has(image)) return
    const shape = SHAPES[marks.size]
    marks.set(image, shape === undefined ? OTHER : { shape, tone: marks.size })
  }
  for (const channel of channels) {
    add(channel.current)
    add(channel.next)
  }
  for (const channel of channels) for (const held of channel.byImage) add(held.image)
  for (const image of [...new Set(others)].sort((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1))) add(image)
  return (image) => (image === null ? NO_IMAGE : (marks.get(image) ?? OTHER))
}
