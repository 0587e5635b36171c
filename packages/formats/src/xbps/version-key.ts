import { componentsOf, nextComponent } from './dewey.ts'

/**
 * A key whose order as text is the order of versions: dewey compares number by number with zeros after the end, so each number but 0 is written
 * with how many zeros come before it. What comes sooner weighs more: fewer zeros before a number above 0 make a larger key, before one
 * below 0 a smaller; the end lies between.
 */
export function versionKey(version: string): string {
  const cursor = componentsOf(version)
  let key = ''
  let zeros = 0
  while (nextComponent(cursor)) {
    const { value } = cursor
    if (value === 0) {
      zeros++
      continue
    }
    // A letter's number is no run of digits in the text.
    const digits = value <= Number.MAX_SAFE_INTEGER ? String(value) : stripped(version.slice(cursor.begin, cursor.at))
    key += value < 0 ? `A${rising(zeros)}${value + 3}` : `Z${falling(zeros)}${rising(digits.length)}${digits}`
    zeros = 0
  }
  const revision = stripped(version.slice(cursor.revisionBegin, cursor.revisionEnd))
  return `${key}M${rising(revision.length)}${revision}`
}

const STEP = 64

/** A count as text that grows with it. */
function rising(count: number): string {
  return 'z'.repeat(Math.floor(count / STEP)) + String.fromCharCode(0x21 + (count % STEP))
}

/** A count as text that sinks as it grows. */
function falling(count: number): string {
  return '!'.repeat(Math.floor(count / STEP)) + String.fromCharCode(0x61 - (count % STEP))
}

function stripped(digits: string): string {
  let at = 0
  while (digits.charCodeAt(at) === 48) at++
  return digits.slice(at)
}
