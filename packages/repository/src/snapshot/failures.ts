import { HolotypeError, isErrorCode } from '@holotype/base'
import { failFormats } from '@holotype/formats'
import { fail } from '../errors.ts'

/** What the fetcher throws, as a failure of an upstream. */
export function asUpstream(error: unknown): unknown {
  if (!(error instanceof HolotypeError)) return error
  const cause = error
  switch (error.code) {
    case 'FETCH_UNREACHABLE':
    case 'FETCH_NOT_FOUND':
    case 'FETCH_TRUNCATED':
      return fail('UPSTREAM_UNREACHABLE', { what: error.message, cause })
    case 'FETCH_MISMATCH':
      return mismatch(error.message, cause)
    default:
      return error
  }
}

/** What a reader of bytes makes of what came from an address: a file that it refuses is named. @throws REPOSITORY_MALFORMED, and what `read` throws */
export function readFrom<Result>(url: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (isErrorCode(error, 'REPOSITORY_MALFORMED'))
      throw failFormats('REPOSITORY_MALFORMED', { what: `${url}: ${error.message}`, cause: error })
    throw error
  }
}

export function mismatch(what: string, cause?: unknown): HolotypeError {
  return fail('UPSTREAM_MISMATCH', { what, cause })
}
