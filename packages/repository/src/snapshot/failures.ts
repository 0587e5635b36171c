import { HolotypeError } from '@holotype/base'
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

export function mismatch(what: string, cause?: unknown): HolotypeError {
  return fail('UPSTREAM_MISMATCH', { what, cause })
}
