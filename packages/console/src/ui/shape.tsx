import type { Shape } from '../lib/marks.ts'

const PATHS: Readonly<Record<Shape, string>> = {
  disc: 'M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8z',
  ring: 'M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM5 2.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5z',
  square: 'M1.5 1.5h7v7h-7z',
  triangle: 'M5 1l4.3 7.6H.7z',
  diamond: 'M5 .6L9.4 5L5 9.4L.6 5z',
  cross: 'M2.2 1L5 3.8L7.8 1L9 2.2L6.2 5L9 7.8L7.8 9L5 6.2L2.2 9L1 7.8L3.8 5L1 2.2z',
  bar: 'M.8 3.4h8.4v3.2H.8z',
  half: 'M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM5 2.5a2.5 2.5 0 0 1 0 5z',
}

export interface ShapeProps {
  readonly shape: Shape
  /** A colour token's name without `--`. */
  readonly tone: string
}

/** A ten-pixel form beside a word. Hidden from assistive technology: the word says it. */
export function ShapeIcon({ shape, tone }: ShapeProps) {
  return (
    <svg
      className="shape"
      viewBox="0 0 10 10"
      width="10"
      height="10"
      aria-hidden="true"
      style={{ color: `var(--${tone})` }}
    >
      <path d={PATHS[shape]} fill="currentColor" fillRule="evenodd" />
    </svg>
  )
}
