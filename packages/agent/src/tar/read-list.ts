/** An attribute in GNU tar's list: `  x: BYTES NAME`. */
const ATTRIBUTE = /^ {2}x: \d+ (.*)$/s
/** The first thing in quotes of a member's line: its name. */
const QUOTED = /"((?:[^"\\]|\\.)*)"/
const ESCAPED: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/**
 * Reads, in pieces as they come, what GNU tar prints with `-vvv --numeric-owner --quoting-style=c`: a line for each member, and after it one for
 * each extended attribute. Tells each attribute with the name of its member. An attribute's own name may hold a line's end, so whoever can set
 * attributes can make up lines after his first: take none of this for more than a hint at what to look at.
 */
export function listReader(onAttribute: (name: string, attribute: string) => void): (chunk: Buffer) => void {
  let pending = ''
  let member = ''
  return (chunk) => {
    const lines = (pending + chunk.toString('latin1')).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) {
      const attribute = ATTRIBUTE.exec(line)?.[1]
      if (attribute === undefined) member = line
      else onAttribute(unquoted(member), attribute)
    }
  }
}

function unquoted(line: string): string {
  const text = QUOTED.exec(line)?.[1] ?? ''
  const bytes = text.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPED[code] ?? code),
  )
  return Buffer.from(bytes, 'latin1').toString()
}
