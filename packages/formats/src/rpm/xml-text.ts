/** The five entities that XML names itself (XML 1.0 §4.6). */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/**
 * Text with its references replaced: the five of XML itself and characters by number (XML 1.0 §4.1). Undefined if it holds any other, or a
 * number that is no character: there is no DTD that could declare one.
 */
export function decodeReferences(text: string): string | undefined {
  let sound = true
  const decoded = text.replace(/&([^;&]*)(;?)/g, (all, name: string, end: string) => {
    const character = end === '' ? undefined : characterOf(name)
    if (character === undefined) sound = false
    return character ?? all
  })
  return sound ? decoded : undefined
}

function characterOf(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined
  const [, hex, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name) ?? []
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  return isCharacter(code) ? String.fromCodePoint(code) : undefined
}

/** The characters an XML document may hold (XML 1.0 §2.2). */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
}

// Control characters, which XML cannot hold even by number, and what is no character at all.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NO_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g

/** Text as it stands between tags. What XML cannot hold is left out: it would make the whole index unreadable. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(NO_CHARACTER, '')
    .replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? '')
}

/** Text as it stands in an attribute, between double quotes. */
export function escapeAttribute(text: string): string {
  return text
    .toWellFormed()
    .replace(NO_CHARACTER, '')
    .replace(/[&<>"\r\n\t]/g, (character) => ESCAPES[character] ?? '')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader turns these into spaces and line ends if they stand as they are (XML 1.0 §2.11, §3.3.3).
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
}
