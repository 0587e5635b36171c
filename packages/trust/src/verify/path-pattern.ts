/**
 * Whether a target's path fits a pattern of a delegation (TUF 1.0 §4.5): `*` stands for any run of characters and `?` for one, neither for a
 * `/`. Everything else stands for itself. Time is at most the product of both lengths, whatever the pattern.
 */
export function fitsPattern(path: string, pattern: string): boolean {
  const names = path.split('/')
  const patterns = pattern.split('/')
  return names.length === patterns.length && patterns.every((part, index) => fitsName(names[index] ?? '', part))
}

function fitsName(name: string, pattern: string): boolean {
  let at = 0
  let from = 0
  // Where to go on after a mismatch: behind the last star, which then takes one character more.
  let star = -1
  let taken = 0
  while (at < name.length) {
    if (pattern[from] === '*') {
      star = from++
      taken = at
    } else if (pattern[from] === '?' || pattern[from] === name[at]) {
      at++
      from++
    } else if (star >= 0) {
      from = star + 1
      at = ++taken
    } else return false
  }
  while (pattern[from] === '*') from++
  return from === pattern.length
}
