/**
 * The one error class. Every failure a user can meet has a stable code, says what failed on what, and what to do.
 * Packages declare their codes with {@link defineErrors}; `docs/reference/errors.md` is generated from these tables.
 */

/** What a program exits with, by the kind of failure. Documented in docs/reference/exit-codes.md. */
export const EXIT_CODES = {
  ok: 0,
  internal: 1,
  usage: 2,
  input: 3,
  conflict: 4,
  trust: 5,
  unreachable: 6,
  refused: 7,
  resource: 8,
  corrupt: 9,
} as const

export type ErrorKind = Exclude<keyof typeof EXIT_CODES, 'ok'>

export interface ErrorDetails {
  /** What failed on what, in a sentence without a full stop. */
  readonly what: string
  /** What the reader can do about it; the code's own hint when absent. */
  readonly hint?: string
  readonly cause?: unknown
  /** Facts for programs (`--json`): plain JSON. */
  readonly data?: Readonly<Record<string, unknown>>
}

const SECRET =
  /((?:token|password|secret|authorization)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?|:\/\/[^/\s:@]+:(?=[^\s/@]+@))[^\s"'@,]+/gi

/** Removes control characters (terminal escapes) and secrets from text that came from outside. Keeps newlines and tabs. */
export function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd').replace(SECRET, '$1…')
}

/** A failure with a stable code. `message` is `what`; `toJSON` is what `--json` prints. */
export class HolotypeError extends Error {
  readonly code: string
  readonly kind: ErrorKind
  readonly hint: string
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: string, declared: ErrorDeclaration, details: ErrorDetails) {
    super(cleanText(details.what), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'HolotypeError'
    this.code = code
    this.kind = declared.kind
    this.hint = cleanText(details.hint ?? declared.hint)
    this.data = details.data ?? {}
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind]
  }

  toJSON(): Record<string, unknown> {
    const own = { code: this.code, what: this.message, hint: this.hint, exitCode: this.exitCode }
    // Twice: its own members come first, and no fact replaces one of them.
    return { ...own, ...this.data, ...own }
  }
}

export interface ErrorDeclaration {
  readonly kind: ErrorKind
  /** One sentence: when this happens. For the reference. */
  readonly when: string
  /** One sentence: what the reader can do. */
  readonly hint: string
}

export type ErrorFactory<Codes extends string> = ((code: Codes, details: ErrorDetails) => HolotypeError) & {
  readonly table: Readonly<Record<Codes, ErrorDeclaration>>
}

/** Declares a package's error codes and returns the function that makes them: `throw fail('STORE_CORRUPT', { what })`. */
export function defineErrors<const Codes extends string>(
  table: Readonly<Record<Codes, ErrorDeclaration>>,
): ErrorFactory<Codes> {
  const make = (code: Codes, details: ErrorDetails) => new HolotypeError(code, table[code], details)
  return Object.assign(make, { table })
}

/** True for a {@link HolotypeError} with this code. */
export function isErrorCode(error: unknown, code: string): error is HolotypeError {
  return error instanceof HolotypeError && error.code === code
}

/** What the C library says in the locale C (strerror(3)) of what a disk may refuse. */
const WORDS = {
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EIO: 'Input/output error',
  EROFS: 'Read-only file system',
  EPERM: 'Operation not permitted',
} as const

/** The errno name of what a program says when a disk refused it something, or undefined. */
export function errnoInWords(text: string): string | undefined {
  return Object.entries(WORDS).find(([, words]) => text.includes(words))?.[0]
}

/** The errno name (`ENOENT`) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  // Node's rmSync has a name for few of them, and words for the others.
  if (error.code === '' && error instanceof Error) return errnoInWords(error.message)
  return typeof error.code === 'string' ? error.code : undefined
}
