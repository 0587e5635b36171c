/** Colours a text for a terminal, or leaves it as it is. The caller decides which: `base` reads no environment. */
export interface Painter {
  readonly on: boolean
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

// SGR parameters: ECMA-48, 8.3.117. Each style is ended by its own reset, so that styles may nest.
const wrap = (on: boolean, begin: number, end: number) => (text: string) =>
  on && text !== '' ? `\u001b[${begin}m${text}\u001b[${end}m` : text

/** A painter; with `on` false every method returns its text unchanged. */
export function painter(on: boolean): Painter {
  return {
    on,
    bold: wrap(on, 1, 22),
    dim: wrap(on, 2, 22),
    red: wrap(on, 31, 39),
    green: wrap(on, 32, 39),
    yellow: wrap(on, 33, 39),
    cyan: wrap(on, 36, 39),
  }
}
