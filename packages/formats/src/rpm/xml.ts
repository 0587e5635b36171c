import { fail } from '../errors.ts'
import { XML_ATTRIBUTES, XML_DEPTH, XML_NAMES, XML_VALUE_BYTES } from '../limits.ts'
import { decodeReferences } from './xml-text.ts'
import { xmlTable } from './xml-table.ts'

/** What {@link XmlReader.next} came upon. An empty element `<a/>` is opened and closed. */
export type XmlEvent = 'open' | 'close' | 'text' | 'end'

/**
 * A reader of XML that is asked for one thing after the other and makes no strings but those it is asked for. Names are as written, prefix
 * included: the tools that write repodata agree on `rpm:`.
 */
export interface XmlReader {
  /** Goes on to the next thing. Comments and processing instructions are passed over. @throws REPOSITORY_MALFORMED */
  next(): XmlEvent
  /** The name of the element just opened or closed. */
  name(): string
  /** An attribute of the element just opened. */
  attribute(name: string): string | undefined
  /**
   * Where the empty element `<a …/>` that comes next ends, if nothing but blanks stands before it; else -1. Its bytes, from
   * {@link position} on, are a key by which its meaning can be kept. It is the end that reading it would find only if reading it once has
   * found that: a `/>` may stand in an attribute.
   */
  emptyElement(): number
  /** The next byte to read. */
  position(): number
  /** Goes on behind an empty element whose bytes were read before, elsewhere. */
  pass(end: number): void
  /** The text of the element just opened, up to its closing; elements within are passed over. */
  content(): string
  /** Passes over the element just opened. */
  skip(): void
  /** An error at this place. */
  malformed(what: string, cause?: unknown): Error
}

const LESS = 60
const GREATER = 62
const SLASH = 47
const EQUALS = 61
const AMPERSAND = 38
const QUOTE = 34
const APOSTROPHE = 39
const QUESTION = 63
const EXCLAMATION = 33

/**
 * Reads an XML document in UTF-8 (XML 1.0) in one pass, its elements checked against each other. A document type is refused, and with it
 * every entity but XML's own: they are how a small file becomes a large one.
 * @param what names the document in errors
 */
export function xmlReader(input: Uint8Array, what: string): XmlReader {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const end = bytes.length
  const names = xmlTable<string>(bytes, 8)
  let known = 0
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  /** The names of the open elements. */
  const open: string[] = []
  let seenRoot = false
  let current = ''
  /** An empty element was opened and is to be closed. */
  let pending = false
  /** Of the attributes: their names, and pairs of offsets of their values. */
  const attributeNames: string[] = []
  const values = new Float64Array(2 * XML_ATTRIBUTES)
  let attributes = 0
  let textFrom = 0
  let textTo = 0
  let textRaw = false

  function malformed(why: string, cause?: unknown): Error {
    return fail('REPOSITORY_MALFORMED', { what: `${what} does not parse at byte ${at}: ${why}`, cause })
  }

  function next(): XmlEvent {
    if (pending) {
      pending = false
      return close(current)
    }
    for (;;) {
      if (at >= end) {
        if (open.length > 0) throw malformed(`it ends within <${open.at(-1)}>`)
        if (!seenRoot) throw malformed('it holds no element')
        return 'end'
      }
      if (bytes[at] !== LESS) {
        text()
        if (open.length > 0) return 'text'
        if (!isBlank(textFrom, textTo)) throw malformed('text outside of the root element')
        continue
      }
      const code = bytes[at + 1]
      if (code === SLASH) return closingTag()
      if (code === QUESTION) passOver('?>')
      else if (code !== EXCLAMATION) return openingTag()
      else if (startsWith('<!--')) passOver('-->')
      else if (open.length > 0 && startsWith('<![CDATA[')) return characterData()
      else throw malformed('a document type or a declaration is refused')
    }
  }

  function text(): void {
    textFrom = at
    // Loops count in a variable of their own: `at` is shared with other functions, and slower.
    let here = at
    while (here < end && bytes[here] !== LESS) here++
    at = here
    textTo = here
    textRaw = false
    if (textTo - textFrom > XML_VALUE_BYTES)
      throw malformed(`a text is longer than XML_VALUE_BYTES (${XML_VALUE_BYTES})`)
  }

  function characterData(): XmlEvent {
    textFrom = at + 9
    passOver(']]>')
    textTo = at - 3
    textRaw = true
    if (textTo - textFrom > XML_VALUE_BYTES)
      throw malformed(`a text is longer than XML_VALUE_BYTES (${XML_VALUE_BYTES})`)
    return 'text'
  }

  function passOver(closing: string): void {
    // From behind `<!` or `<?`, so that `<!-->` does not end what it begins.
    const found = bytes.indexOf(closing, at + (closing === '-->' ? 4 : 2), 'latin1')
    if (found < 0) throw malformed(`"${closing}" is missing`)
    at = found + closing.length
  }

  function openingTag(): XmlEvent {
    if (open.length === 0 && seenRoot) throw malformed('a second root element')
    if (open.length >= XML_DEPTH) throw malformed(`elements lie deeper than XML_DEPTH (${XML_DEPTH})`)
    seenRoot = true
    at++
    current = readName()
    attributes = 0
    for (;;) {
      const spaced = passBlanks()
      const code = bytes[at]
      if (code === GREATER || code === SLASH) break
      if (!spaced) throw malformed('a space is missing before an attribute')
      attribute()
    }
    if (bytes[at] === SLASH) {
      if (bytes[++at] !== GREATER) throw malformed('">" is missing after "/"')
      pending = true
    }
    at++
    open.push(current)
    return 'open'
  }

  function attribute(): void {
    if (attributes >= XML_ATTRIBUTES) throw malformed(`more attributes than XML_ATTRIBUTES (${XML_ATTRIBUTES})`)
    const name = readName()
    for (let before = 0; before < attributes; before++)
      if (attributeNames[before] === name) throw malformed(`the attribute ${name} stands twice`)
    passBlanks()
    if (bytes[at++] !== EQUALS) throw malformed(`the attribute ${name} has no value`)
    passBlanks()
    const quote = bytes[at++]
    if (quote !== QUOTE && quote !== APOSTROPHE) throw malformed(`the attribute ${name} is not in quotes`)
    const from = at
    let here = at
    for (; here < end; here++) {
      const code = bytes[here]
      if (code === quote || code === LESS) break
    }
    at = here
    if (bytes[at] !== quote) throw malformed(`the attribute ${name} does not end`)
    if (at - from > XML_VALUE_BYTES) throw malformed(`${name} is longer than XML_VALUE_BYTES (${XML_VALUE_BYTES})`)
    attributeNames[attributes] = name
    values[2 * attributes] = from
    values[2 * attributes + 1] = at
    attributes++
    at++
  }

  function closingTag(): XmlEvent {
    at += 2
    const name = readName()
    passBlanks()
    if (bytes[at] !== GREATER) throw malformed(`">" is missing after </${name}`)
    at++
    return close(name)
  }

  function close(name: string): XmlEvent {
    const opened = open.pop()
    if (opened !== name) throw malformed(`</${name}> closes ${opened === undefined ? 'nothing' : `<${opened}>`}`)
    current = name
    return 'close'
  }

  function readName(): string {
    const from = at
    let here = at
    while (NAME_BYTES[bytes[here] ?? 0] === 1) here++
    at = here
    const found = names.find(from, at)
    if (found !== undefined) return found
    if (at === from || at - from > 256) throw malformed('a name is expected')
    if (++known > XML_NAMES) throw malformed(`more names than XML_NAMES (${XML_NAMES})`)
    const name = bytes.toString('utf8', from, at)
    names.keep(from, at, name)
    return name
  }

  function passBlanks(): boolean {
    const from = at
    let here = at
    while (isSpace(bytes[here] ?? 0)) here++
    at = here
    return here > from
  }

  function isBlank(from: number, to: number): boolean {
    for (let here = from; here < to; here++) if (!isSpace(bytes[here] ?? 0)) return false
    return true
  }

  function startsWith(wanted: string): boolean {
    return bytes.toString('latin1', at, at + wanted.length) === wanted
  }

  /** The string of a range: a copy that does not keep the document alive. */
  function decode(from: number, to: number, raw: boolean): string {
    let plain = true
    let references = false
    let returns = false
    for (let here = from; here < to; here++) {
      const code = bytes[here] ?? 0
      if (code > 127) plain = false
      else if (code === AMPERSAND) references = true
      else if (code === 13) returns = true
    }
    let decoded = plain ? bytes.toString('latin1', from, to) : bytes.toString('utf8', from, to)
    // Line ends are one character to a reader (XML 1.0 §2.11).
    if (returns) decoded = decoded.replace(/\r\n?/g, '\n')
    if (raw || !references) return decoded
    const text = decodeReferences(decoded)
    if (text === undefined) throw malformed('a reference is neither one of XML itself nor a character by its number')
    return text
  }

  function content(): string {
    const depth = open.length
    let found: string | undefined
    for (;;) {
      const event = next()
      if (event === 'text') {
        if (open.length !== depth) continue
        const piece = decode(textFrom, textTo, textRaw)
        found = found === undefined ? piece : found + piece
        if (found.length > XML_VALUE_BYTES)
          throw malformed(`a text is longer than XML_VALUE_BYTES (${XML_VALUE_BYTES})`)
      } else if (open.length < depth) return found ?? ''
    }
  }

  return {
    next,
    name: () => current,
    attribute(name) {
      for (let index = 0; index < attributes; index++)
        if (attributeNames[index] === name) {
          const value = decode(values[2 * index] ?? 0, values[2 * index + 1] ?? 0, false)
          return value
        }
      return undefined
    },
    emptyElement() {
      passBlanks()
      if (pending || bytes[at] !== LESS || NAME_BYTES[bytes[at + 1] ?? 0] !== 1) return -1
      let here = at + 2
      while (here < end && bytes[here] !== GREATER) here++
      return here < end && bytes[here - 1] === SLASH ? here + 1 : -1
    },
    position: () => at,
    pass(to) {
      at = to
    },
    content,
    skip() {
      const depth = open.length
      while (open.length >= depth) next()
    },
    malformed,
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13
}

const NAME_BYTES = Uint8Array.from({ length: 256 }, (_, code) => (isNameByte(code) ? 1 : 0))

/** Letters, digits, `_`, `-`, `.`, `:` and all that is not ASCII (XML 1.0 §2.3, as far as bytes tell). */
function isNameByte(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 58) ||
    code === 95 ||
    code === 45 ||
    code === 46 ||
    code > 127
  )
}
