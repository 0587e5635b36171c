/*
 * How xbps takes a version apart (its manual calls the scheme dewey): a list of numbers, and the revision after the last `_`.
 *
 *   digits                 their value
 *   .  pl                  0
 *   rc  pre                -1, so that 1.0rc1 comes before 1.0
 *   beta                   -2
 *   alpha                  -3
 *   another letter         0, then 1 for a to 26 for z: 1.0a comes after 1.0
 *   _ and digits           the revision, no part of the list
 *   anything else          nothing
 *
 * Upper and lower case are the same. A list that is shorter goes on with zeros.
 */

/** Walks through the components of a version without making them. */
export interface VersionCursor {
  readonly text: string
  /** Behind what was read last. */
  at: number
  /** Where the component read last begins. */
  begin: number
  /** The component read last; 0 at the end. Approximate above 2^53, where the digits from `begin` to `at` are the number. */
  value: number
  /** A letter's second component, to be given out next. 0: none. */
  letter: number
  /** The digits of the revision met last. */
  revisionBegin: number
  revisionEnd: number
}

export function componentsOf(text: string): VersionCursor {
  return { text, at: 0, begin: 0, value: 0, letter: 0, revisionBegin: 0, revisionEnd: 0 }
}

const UNDERSCORE = 95
const DOT = 46

/** Goes to the next component. False at the end, with the value 0. */
export function nextComponent(cursor: VersionCursor): boolean {
  const { text } = cursor
  if (cursor.letter !== 0) {
    cursor.value = cursor.letter
    cursor.letter = 0
    return true
  }
  while (cursor.at < text.length) {
    const begin = cursor.at
    const code = text.charCodeAt(begin)
    cursor.begin = begin
    if (isDigit(code)) {
      let value = 0
      let at = begin
      for (let digit = code; isDigit(digit); digit = text.charCodeAt(++at)) value = value * 10 + (digit - 48)
      cursor.at = at
      cursor.value = value
      return true
    }
    cursor.at = begin + 1
    if (code === DOT) {
      cursor.value = 0
      return true
    }
    if (code === UNDERSCORE) {
      let at = begin + 1
      while (isDigit(text.charCodeAt(at))) at++
      cursor.at = at
      cursor.revisionBegin = begin + 1
      cursor.revisionEnd = at
      continue
    }
    const letter = (code | 0x20) - 96
    if (code < 65 || code > 122 || letter < 1 || letter > 26) continue
    word(cursor, letter)
    return true
  }
  cursor.value = 0
  return false
}

function word(cursor: VersionCursor, letter: number): void {
  const { text, begin } = cursor
  cursor.value = 0
  if (letter === A && startsWith(text, begin, 'alpha')) found(cursor, 5, -3)
  else if (letter === B && startsWith(text, begin, 'beta')) found(cursor, 4, -2)
  else if (letter === P && startsWith(text, begin, 'pre')) found(cursor, 3, -1)
  else if (letter === R && startsWith(text, begin, 'rc')) found(cursor, 2, -1)
  else if (letter === P && startsWith(text, begin, 'pl')) found(cursor, 2, 0)
  else cursor.letter = letter
}

const A = 1
const B = 2
const P = 16
const R = 18

function found(cursor: VersionCursor, length: number, value: number): void {
  cursor.at = cursor.begin + length
  cursor.value = value
}

/** `word` is in lower case. */
function startsWith(text: string, at: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) {
    const code = text.charCodeAt(at + index)
    // Only letters have a lower case 32 above.
    if ((code | 0x20) !== word.charCodeAt(index) || code < 65) return false
  }
  return true
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
