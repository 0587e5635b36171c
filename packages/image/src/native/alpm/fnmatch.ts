type Token = '*' | ((char: string) => boolean)

/**
 * fnmatch(3) without flags: `*` and `?` match a slash and a leading dot too. Takes at most the product of both lengths, whatever the pattern:
 * it comes from a package.
 */
export function fnmatch(pattern: string): (text: string) => boolean {
  const tokens = tokensOf(pattern)
  return (text) => matches(tokens, Array.from(text))
}

/** Only the last `*` has to be tried again: what an earlier one could match more of, the last can as well. */
function matches(tokens: readonly Token[], text: readonly string[]): boolean {
  let at = 0
  let star = -1
  let from = 0
  for (let i = 0; i < text.length; ) {
    const token = tokens[at]
    if (token === '*') {
      star = at++
      from = i
    } else if (token?.(text[i] ?? '')) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++from
    } else return false
  }
  return tokens.slice(at).every((token) => token === '*')
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = []
  const chars = Array.from(pattern)
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? ''
    const set = char === '[' ? /^\[([!^]?)(\]?(?:\[:\w+:\]|[^\]])*)\]/u.exec(chars.slice(i).join('')) : null
    if (char === '*') tokens.push('*')
    else if (char === '?') tokens.push(() => true)
    else if (set) {
      const members = new RegExp(`^[${set[1] ? '^' : ''}${setOf(set[2] ?? '')}]$`, 'su')
      tokens.push((one) => members.test(one))
      i += Array.from(set[0]).length - 1
    } else {
      const literal = char === '\\' && i + 1 < chars.length ? chars[++i] : char
      tokens.push((one) => one === literal)
    }
  }
  return tokens
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
}

/** What stands between brackets, as a regular expression has it. A range that runs backwards holds nothing but its ends. */
function setOf(text: string): string {
  return text.replaceAll(
    /\[:(\w+):\]|\\?(.)-\\?(.)|\\(.)|(.)/gsu,
    (_all, name: string, first: string, last: string, escaped: string, plain: string) => {
      if (name) return CLASSES[name] ?? ''
      if (!first) return code(escaped || plain)
      const range = (first.codePointAt(0) ?? 0) <= (last.codePointAt(0) ?? 0)
      return `${code(first)}${range ? '-' : ''}${code(last)}`
    },
  )
}

function code(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
