import type { Progress } from '../progress.ts'
import { jsonRenderer } from './json.ts'
import { lineRenderer } from './lines.ts'
import { terminalRenderer } from './terminal.ts'
import type { Painter } from '../text/colour.ts'

/** Where a renderer writes; `process.stderr` is one. */
export interface RendererOutput {
  write(text: string): unknown
  /** Of the terminal, read anew for every drawing. Absent where the output is no terminal. */
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** Shows progress until it is closed. `close` removes what was live, so that other output may follow. */
export interface Renderer {
  readonly progress: Progress
  close(): void
}

export type RendererStyle = 'terminal' | 'lines' | 'json' | 'quiet'

export interface RendererOptions {
  readonly style: RendererStyle
  readonly paint: Painter
}

/** The renderer of a style: a live region on a terminal, lines for a log, JSON Lines for a program, or nothing. */
export function createRenderer(output: RendererOutput, options: RendererOptions): Renderer {
  switch (options.style) {
    case 'terminal':
      return terminalRenderer(output, options.paint)
    case 'lines':
      return lineRenderer(output, options.paint)
    case 'json':
      return jsonRenderer(output)
    case 'quiet':
      return { progress: () => {}, close: () => {} }
  }
}
