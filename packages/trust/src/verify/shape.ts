import type { HolotypeError } from '@holotype/base'

/** Why a value has not the form it should have; the caller turns it into its own code. */
export class ShapeError extends Error {}

type Fields = Readonly<Record<string, unknown>>

/*
 * Small checks for hostile JSON, by hand: the agent's idle path must not load a schema library (zod costs about 50 ms and 18 MiB).
 * `at` names the place for the message.
 */

/** Runs a parser and turns what it throws into the code of `refuse`. */
export function parseWith<T>(parse: () => T, refuse: (why: string, cause: unknown) => HolotypeError): T {
  try {
    return parse()
  } catch (error) {
    // SyntaxError: no JSON. RangeError: nested deeper than the stack. TypeError: no canonical form (fractions).
    if (
      error instanceof ShapeError ||
      error instanceof SyntaxError ||
      error instanceof RangeError ||
      error instanceof TypeError
    )
      throw refuse(error.message, error)
    throw error
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** JSON of UTF-8 bytes; bad UTF-8 is an error, not a replacement character. */
export function jsonOf(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes))
}

export function fields(value: unknown, at: string): Fields {
  if (!isFields(value)) throw new ShapeError(`${at} is no object`)
  return value
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function list(value: unknown, at: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(`${at} is no list`)
  if (value.length > max) throw new ShapeError(`${at} has ${value.length} members; at most ${max} may be`)
  return value
}

export function text(value: unknown, at: string, maxLength: number): string {
  if (typeof value !== 'string') throw new ShapeError(`${at} is no text`)
  if (value.length > maxLength) throw new ShapeError(`${at} is longer than ${maxLength} characters`)
  if (!value.isWellFormed()) throw new ShapeError(`${at} holds half a character`)
  return value
}

export function whole(value: unknown, at: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw new ShapeError(`${at} is no whole number from ${min} to ${max}`)
  return value
}

export function hex(value: unknown, at: string, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]*$/.test(value))
    throw new ShapeError(`${at} is not ${digits} hex digits`)
  return value
}

export function flag(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw new ShapeError(`${at} is neither true nor false`)
  return value
}

/** ISO 8601, UTC, whole seconds (TUF 1.0 §4.2.3): `2026-11-21T06:00:00Z`. */
export function time(value: unknown, at: string): string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) || Number.isNaN(Date.parse(value)))
    throw new ShapeError(`${at} is no time of the form 2026-11-21T06:00:00Z`)
  return value
}

export function oneOf<const T extends string>(value: unknown, at: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value)
  if (found === undefined) throw new ShapeError(`${at} is none of ${known.join(', ')}`)
  return found
}
