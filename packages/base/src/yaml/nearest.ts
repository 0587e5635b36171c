import { SUGGESTION_DISTANCE } from '../limits.ts'

/** The known word with the fewest edits (Levenshtein) from `word`, if that is close enough to be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const allowed = Math.min(SUGGESTION_DISTANCE, Math.ceil(word.length / 2))
  let best: { readonly candidate: string; readonly distance: number } | undefined
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > allowed) continue
    const distance = editsBetween(word, candidate)
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { candidate, distance }
  }
  return best?.candidate
}

/** Levenshtein's distance, one row at a time. */
export function editsBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitute))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
