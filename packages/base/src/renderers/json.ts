import { cleanText } from '../errors.ts'
import type { Renderer, RendererOutput } from './renderer.ts'

/** Progress for a program: one JSON document a line, `{"event": …}` with the members of the progress event. */
export function jsonRenderer(output: RendererOutput): Renderer {
  return {
    progress(event) {
      const { kind, ...members } = event
      output.write(
        `${JSON.stringify({ event: kind, ...members }, (_key, value: unknown) => (typeof value === 'string' ? cleanText(value) : value))}\n`,
      )
    },
    close: () => {},
  }
}
