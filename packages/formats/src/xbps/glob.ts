/** True if fnmatch(3) would take the text for a pattern. */
export function isGlob(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === STAR || code === QUESTION || code === OPEN || code === CLOSE) return true
  }
  return false
}

/**
 * Matches as fnmatch(3) without flags: `*`, `?`, `[a-z]`, `[!a]`, and `\` before a character that is meant as it is. Time is bounded by the
 * product of both lengths: only the last `*` is ever tried again.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let starText = 0
  while (t < text.length) {
    if (pattern.charCodeAt(p) === STAR) {
      star = p++
      starText = t
      continue
    }
    const next = p < pattern.length ? matchOne(pattern, p, text.charCodeAt(t)) : 0
    if (next > 0) {
      p = next
      t++
      continue
    }
    if (star < 0) return false
    p = star + 1
    t = ++starText
  }
  while (pattern.charCodeAt(p) === STAR) p++
  return p === pattern.length
}

const STAR = 42
const QUESTION = 63
const OPEN = 91
const CLOSE = 93
const BACKSLASH = 92
const DASH = 45

/** Matches one character by the pattern at `p`; gives where the pattern goes on, or 0. */
function matchOne(pattern: string, p: number, code: number): number {
  const first = pattern.charCodeAt(p)
  if (first === QUESTION) return p + 1
  if (first === OPEN) {
    const close = bracketEnd(pattern, p)
    if (close > 0) return inBracket(pattern, p, close, code) ? close + 1 : 0
  }
  if (first === BACKSLASH && p + 1 < pattern.length) return pattern.charCodeAt(p + 1) === code ? p + 2 : 0
  return first === code ? p + 1 : 0
}

/** Where the bracket expression at `p` closes; 0 if it never does, and `[` is a character as any other. */
function bracketEnd(pattern: string, p: number): number {
  // A `]` that comes first is a member of the set.
  const close = pattern.indexOf(']', isNegated(pattern, p) ? p + 3 : p + 2)
  return close < 0 ? 0 : close
}

function isNegated(pattern: string, p: number): boolean {
  const sign = pattern[p + 1]
  return sign === '!' || sign === '^'
}

function inBracket(pattern: string, p: number, close: number, code: number): boolean {
  const negated = isNegated(pattern, p)
  for (let at = negated ? p + 2 : p + 1; at < close; at++) {
    const low = pattern.charCodeAt(at)
    if (pattern.charCodeAt(at + 1) === DASH && at + 2 < close) {
      if (code >= low && code <= pattern.charCodeAt(at + 2)) return !negated
      at += 2
    } else if (code === low) return !negated
  }
  return negated
}
