import type { Painter } from '@holotype/base'

/** How a result is shown: to whom, how wide, at what time. */
export interface View {
  readonly paint: Painter
  /** Columns of the terminal; absent where the output is none, and nothing is cut. */
  readonly width?: number
  readonly now: Date
}
