/** Reads plain JSON from outside without a schema library: the agent starts fast and stays small. */

export type Fields = Readonly<Record<string, unknown>>

/** What a value from outside should have been. Callers turn it into their own code. */
export class FormError extends Error {}

export function asFields(value: unknown, where: string): Fields {
  if (isFields(value)) return value
  throw new FormError(`${where} is no object`)
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function asList(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new FormError(`${where} is no list`)
}

export function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  throw new FormError(`${where} is no text`)
}

/** A whole number from `min` to `max`. */
export function asInteger(value: unknown, where: string, range: { readonly min?: number; readonly max?: number } = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new FormError(`${where} is no whole number from ${min} to ${max}`)
}

export function asTexts(value: unknown, where: string): readonly string[] {
  return asList(value, where).map((item) => asText(item, where))
}

/** An object whose values are all texts. */
export function asTextMap(value: unknown, where: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(asFields(value, where)).map(([key, text]) => [key, asText(text, where)]))
}
