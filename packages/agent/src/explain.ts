import { asDiskFull, errnoOf, failBase, HolotypeError } from '@holotype/base'
import { fail } from './errors.ts'

const DENIED = new Set(['EACCES', 'EPERM', 'EROFS'])
const MOVED = new Set(['ELOOP', 'ENOTDIR', 'ENOENT', 'EEXIST', 'EISDIR', 'ENOTEMPTY', 'EBUSY'])

/** A system error at a path of the root as the user reads it: DISK_FULL, AGENT_IO, AGENT_NOT_PERMITTED, AGENT_ROOT_CHANGED; any other as it is. */
export function explain(error: unknown, path: string): unknown {
  if (error instanceof HolotypeError) return error
  const errno = errnoOf(error) ?? ''
  if (DENIED.has(errno)) return fail('AGENT_NOT_PERMITTED', { what: `${path}: ${messageOf(error)}`, cause: error })
  if (MOVED.has(errno)) return fail('AGENT_ROOT_CHANGED', { what: `${path}: ${messageOf(error)}`, cause: error })
  if (errno === 'EIO') return fail('AGENT_IO', { what: `${path}: ${messageOf(error)}`, cause: error })
  return asDiskFull(error, path)
}

/** The same for an error from anywhere: of the state directory as of the root. What tells of no disk is given back as it is. */
export function explainSystem(error: unknown): unknown {
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : 'a file'
  return MOVED.has(errnoOf(error) ?? '') ? error : explain(error, path)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Anything without a code that the disk did not cause is a defect of ours, but the node still reports it. */
export function asHolotypeError(error: unknown): HolotypeError {
  const explained = explainSystem(error)
  if (explained instanceof HolotypeError) return explained
  return failBase('PROCESS_FAILED', { what: `unexpected: ${messageOf(error)}`, cause: error })
}
