/** fnmatch(3) without flags: `*` and `?` match a slash and a leading dot too. */
export function fnmatch(pattern: string): (text: string) => boolean {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    if (char === '*') {
      // Several in a row are one: what they could match between them is tried once.
      if (pattern[i - 1] !== '*' || pattern[i - 2] === '\\') source += '.*'
    } else if (char === '?') source += '.'
    else if (char === '\\' && i + 1 < pattern.length) source += literal(pattern.charAt(++i))
    else if (char === '[') {
      const set = /^\[([!^]?)(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(pattern.slice(i))
      if (set === null) source += '\\['
      else {
        source += `[${set[1] ? '^' : ''}${setOf(set[2] ?? '')}]`
        i += set[0].length - 1
      }
    } else source += literal(char)
  }
  const expression = new RegExp(`^${source}$`, 'su')
  return (text) => expression.test(text)
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

function setOf(text: string): string {
  return text.replace(/\[:(\w+):\]|\\(.)|([\]\\[^&|~])/gu, (_all, name: string, escaped: string, plain: string) =>
    name ? (CLASSES[name] ?? '') : literal(escaped || plain, '-'),
  )
}

/** `special`: what besides the usual needs a backslash there. */
function literal(char: string, special = ''): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(char) || char === special ? `\\${char}` : char
}
