/** Any plain JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

/**
 * Canonical JSON: keys sorted by code point, no white space, undefined members left out. Same value, same bytes: what is hashed or
 * signed goes through here. Numbers must be safe integers (OLPC canonical JSON, which TUF uses, has no fractions).
 * @throws TypeError on a fraction, NaN or a value that JSON has no form for
 */
export function canonicalJson(value: unknown): string {
  if (value === null || value === true || value === false) return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`canonical JSON has whole numbers only, not ${value}`)
    return String(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter((entry) => entry[1] !== undefined)
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  throw new TypeError(`canonical JSON has no form for a ${typeof value}`)
}

/** Orders strings by UTF-16 code unit: the same under any locale. For `sort`. */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0
}
