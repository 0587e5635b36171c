import { isUtf8 } from 'node:buffer'
import { PLIST_DEPTH } from '../limits.ts'

/** Makes the error that a malformed property list ends in; where it was found decides its code. */
export type Complain = (what: string, cause?: unknown) => Error

/** What a scanner met. Containers come as an opening and an `end`; an empty one comes as both too. */
export type PlistToken = 'dict' | 'array' | 'end' | 'key' | 'string' | 'integer' | 'data' | 'true' | 'false' | 'eof'

/** Steps through a property list (the XML form that proplib writes) without building it. */
export interface PlistScanner {
  /** Goes on to the next token. Keys and values come in turns within a dict: that is checked. */
  next(): PlistToken
  /** The text of the key, string, integer or data met last as it is written, one character per byte, entities not resolved. For looking up. */
  raw(): string
  /** The text of what was met last, decoded and copied out of the list. */
  text(): string
  /** Passes over the value whose token was met last, with all within. */
  skip(token: PlistToken): void
  /** An error about the place of the token met last. */
  complain(what: string): Error
}

const LESS = 60
const SLASH = 47
const BANG = 33
const AMPERSAND = 38

/** The kinds of value by their tag. */
const TAGS = ['dict', 'array', 'string', 'integer', 'data', 'true', 'false', 'key'] as const

/**
 * Nothing of a document type is processed: the line that names one is passed over, and one with declarations of its own is refused. There are
 * no attributes but plist's version, and the five entities that proplib knows.
 * @throws what `complain` makes
 */
export function plistScanner(bytes: Buffer, complain: Complain): PlistScanner {
  if (!isUtf8(bytes)) throw complain('the property list is not UTF-8')
  // One character per byte: an offset in the text is the offset in the bytes.
  const text = bytes.toString('latin1')
  let at = 0
  let tokenBegin = 0
  let begin = 0
  let end = 0
  /** The containers around: true for a dict. */
  const containers: boolean[] = []
  let within: boolean | undefined
  /** In a dict: a key was met and its value comes next. */
  let keyed = false
  /** An empty container was opened: its end comes next. */
  let closing = false
  let finished = false

  const error = (what: string) => complain(`byte ${tokenBegin} of the property list: ${what}`)

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 32 || (code >= 9 && code <= 13)) at++
      else if (code === LESS && text.charCodeAt(at + 1) === BANG && text.startsWith('<!--', at)) skipComment()
      else return
    }
  }
  function skipComment(): void {
    tokenBegin = at
    const close = text.indexOf('-->', at + 4)
    if (close < 0) throw error('a comment does not end')
    at = close + 3
  }
  function preamble(): void {
    for (;;) {
      skipSpace()
      tokenBegin = at
      if (!text.startsWith('<?xml ', at) && !text.startsWith('<!DOCTYPE plist', at)) break
      const close = text.indexOf('>', at)
      if (close < 0) throw error('the first line does not end')
      if (text.slice(at, close).includes('[')) throw error('a document type with declarations of its own')
      at = close + 1
    }
    if (text.startsWith('<plist>', at)) at += 7
    else if (text.startsWith('<plist version="1.0">', at)) at += 21
    else throw error('expected <plist version="1.0">')
  }
  function open(token: 'dict' | 'array'): void {
    if (containers.length >= PLIST_DEPTH)
      throw error(`more than PLIST_DEPTH, ${PLIST_DEPTH}, values lie within each other`)
    keyed = false
    containers.push(token === 'dict')
    within = token === 'dict'
  }
  function close(): 'end' {
    containers.pop()
    within = containers.at(-1)
    keyed = false
    return 'end'
  }
  function closingTag(): PlistToken {
    if (within === undefined) {
      if (!finished || !text.startsWith('</plist>', at)) throw error('a tag closes what is not open')
      at += 8
      skipSpace()
      tokenBegin = at
      // A C string may stand in a file with its NUL.
      if (at < text.length && (text.charCodeAt(at) !== 0 || at + 1 < text.length))
        throw error('something follows the end')
      return 'eof'
    }
    const tag = within ? '</dict>' : '</array>'
    if (!text.startsWith(tag, at)) throw error(`expected ${tag}`)
    if (keyed) throw error('a key without a value')
    at += tag.length
    return close()
  }
  function next(): PlistToken {
    if (closing) {
      closing = false
      return close()
    }
    skipSpace()
    tokenBegin = at
    if (text.charCodeAt(at) !== LESS) throw error(at >= text.length ? 'the list ends too early' : 'expected a tag')
    if (text.charCodeAt(at + 1) === SLASH) return closingTag()
    if (within === undefined && finished) throw error('a second value')
    const tag = tagAt(text, at + 1)
    if (tag === undefined) throw error(`no tag of a property list: ${text.slice(at, at + 20)}`)
    if (within === true && keyed === (tag === 'key')) throw error(keyed ? 'two keys in turn' : 'a value without a key')
    if (within !== true && tag === 'key') throw error('a key outside a dict')
    if (within === undefined) finished = true
    keyed = tag === 'key'
    at += tag.length + 1
    const empty = text.charCodeAt(at) === SLASH
    if (empty) at++
    // `>` is checked by tagAt.
    at++
    begin = at
    end = at
    if (tag === 'dict' || tag === 'array') {
      open(tag)
      closing = empty
    } else if (tag === 'true' || tag === 'false') {
      if (!empty) closeTag(tag)
    } else if (!empty) {
      end = text.indexOf('<', at)
      if (end < 0) throw error(`<${tag}> does not end`)
      at = end
      closeTag(tag)
    }
    return tag
  }
  function closeTag(tag: string): void {
    if (text.charCodeAt(at + 1) !== SLASH || !text.startsWith(tag, at + 2) || text[at + 2 + tag.length] !== '>')
      throw error(`expected </${tag}>`)
    at += tag.length + 3
  }

  preamble()
  return {
    next,
    raw: () => text.slice(begin, end),
    text() {
      let entities = false
      let ascii = true
      for (let index = begin; index < end; index++) {
        const code = text.charCodeAt(index)
        if (code === AMPERSAND) entities = true
        else if (code >= 0x80) ascii = false
        else if (code === 0) throw error('a NUL within a text')
      }
      const value = bytes.toString(ascii ? 'latin1' : 'utf8', begin, end)
      return entities ? resolved(value, error) : value
    },
    skip(token) {
      if (token !== 'dict' && token !== 'array') return
      const depth = containers.length
      while (containers.length >= depth) next()
    },
    complain: error,
  }
}

/** The tag that begins at `at`, behind its `<`; undefined if it is none or has an attribute. */
function tagAt(text: string, at: number): (typeof TAGS)[number] | undefined {
  for (const tag of TAGS) {
    if (tag.charCodeAt(0) !== text.charCodeAt(at) || !text.startsWith(tag, at)) continue
    const after = text[at + tag.length]
    if (after === '>' || (after === '/' && text[at + tag.length + 1] === '>')) return tag
  }
  return undefined
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', apos: "'", quot: '"' }

function resolved(text: string, error: (what: string) => Error): string {
  return text.replaceAll(/&([a-z]{0,5};?)?/g, (whole, name: string | undefined) => {
    const character = name?.endsWith(';') ? ENTITIES[name.slice(0, -1)] : undefined
    if (character === undefined) throw error(`${JSON.stringify(whole)} is no entity of a property list`)
    return character
  })
}
