import type { NodeSummary } from '@holotype/server/api'
import type { ImageMark, Shape } from '../lib/marks.ts'
import type { MapLayout } from './layout.ts'

/** The colours of the page's tokens, read once per painting: a canvas knows no CSS variables. */
export interface Ink {
  readonly mark: (tone: ImageMark['tone']) => string
  readonly bad: string
  readonly warn: string
  readonly bg: string
}

/** Reads the tokens from the page. */
export function inkOf(element: Element): Ink {
  const style = getComputedStyle(element)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  const tones = new Map<ImageMark['tone'], string>()
  return {
    mark: (tone) => {
      const known = tones.get(tone) ?? read(`--mark-${tone}`)
      tones.set(tone, known)
      return known
    },
    bad: read('--bad'),
    warn: read('--warn'),
    bg: read('--bg'),
  }
}

/**
 * Draws the cells of the rows between two heights, in pixels of the map. Shape and colour are the image; a cross over it is a failed last
 * run; a frame around it is findings.
 */
export function paint(
  context: CanvasRenderingContext2D,
  layout: MapLayout,
  options: {
    readonly from: number
    readonly to: number
    readonly ink: Ink
    readonly mark: (image: string | null) => ImageMark
  },
): void {
  const { step, columns } = layout
  const { from, to, ink, mark } = options
  for (const group of layout.groups) {
    const first = Math.max(0, Math.floor((from - group.top) / step)) * columns
    const last = Math.min(group.nodes.length, (Math.floor((to - group.top) / step) + 1) * columns)
    for (let index = first; index < last; index += 1) {
      const node = group.nodes[index]
      if (node === undefined) continue
      const x = (index % columns) * step
      const y = group.top + Math.floor(index / columns) * step - from
      cell(context, node, { x, y, size: step - 2, ink, mark: mark(node.image) })
    }
  }
}

interface Cell {
  readonly x: number
  readonly y: number
  readonly size: number
  readonly ink: Ink
  readonly mark: ImageMark
}

function cell(context: CanvasRenderingContext2D, node: NodeSummary, { x, y, size, ink, mark }: Cell): void {
  const inset = node.findings > 0 ? Math.max(2, size / 5) : Math.max(0.5, size / 10)
  const inner = size - 2 * inset
  context.fillStyle = ink.mark(mark.tone)
  context.strokeStyle = ink.mark(mark.tone)
  shape(context, mark.shape, { x: x + inset, y: y + inset, size: inner })
  if (node.findings > 0) {
    context.strokeStyle = ink.warn
    context.lineWidth = Math.max(1, size / 12)
    context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1)
  }
  if (node.lastOutcome === 'failed') {
    for (const [colour, width] of [
      [ink.bg, Math.max(3, size / 4)],
      [ink.bad, Math.max(1.5, size / 8)],
    ] as const) {
      context.strokeStyle = colour
      context.lineWidth = width
      context.beginPath()
      context.moveTo(x + 1, y + 1)
      context.lineTo(x + size - 1, y + size - 1)
      context.moveTo(x + size - 1, y + 1)
      context.lineTo(x + 1, y + size - 1)
      context.stroke()
    }
  }
}

function shape(
  context: CanvasRenderingContext2D,
  kind: Shape,
  { x, y, size }: { readonly x: number; readonly y: number; readonly size: number },
): void {
  const middle = size / 2
  if (kind === 'square') return context.fillRect(x, y, size, size)
  if (kind === 'bar') return context.fillRect(x, y + size * 0.3, size, size * 0.4)
  context.beginPath()
  if (kind === 'triangle') {
    context.moveTo(x + middle, y)
    context.lineTo(x + size, y + size)
    context.lineTo(x, y + size)
  } else if (kind === 'diamond') {
    context.moveTo(x + middle, y)
    context.lineTo(x + size, y + middle)
    context.lineTo(x + middle, y + size)
    context.lineTo(x, y + middle)
  } else {
    context.arc(x + middle, y + middle, kind === 'ring' ? middle - 1 : middle, 0, 2 * Math.PI)
  }
  if (kind !== 'ring') return context.fill()
  context.lineWidth = Math.max(1, size / 8)
  context.stroke()
}
