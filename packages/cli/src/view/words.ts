import { displayWidth } from '@holotype/base'

/** Lines of whole words that fit the columns; a word that is longer stands alone. Line breaks are blanks. */
export function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`
    if (lines.length > 0 && displayWidth(longer) <= columns) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** A time as people read it beside others: `just now`, `5 m ago`, `3 h ago`, `2 d ago`; `in 5 m` for what is to come. */
export function relativeTime(iso: string | null, now: Date): string {
  if (iso === null) return 'never'
  const seconds = Math.round((now.getTime() - Date.parse(iso)) / 1000)
  if (Number.isNaN(seconds)) return iso
  const size = Math.abs(seconds)
  // Clocks of two machines differ: a moment ahead is now.
  if (size < 10) return 'just now'
  const amount =
    size < 60
      ? `${size} s`
      : size < 3600
        ? `${Math.floor(size / 60)} m`
        : size < 86_400
          ? `${Math.floor(size / 3600)} h`
          : `${Math.floor(size / 86_400)} d`
  return seconds > 0 ? `${amount} ago` : `in ${amount}`
}

/** `1 node`, `3 nodes`, `no nodes`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount === 0 ? 'no' : amount} ${amount === 1 ? one : many}`
}

/** Of 10,000 → `12.5%`. */
export function percent(share: number): string {
  return `${share / 100}%`
}

/** `role=web, site=a`. */
export function labelsInWords(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}
