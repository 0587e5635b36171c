import { readFileSync } from 'node:fs'
import { errnoOf } from '@holotype/base'
import { fail } from '../errors.ts'

/** A file that a flag names. @throws CLI_USAGE where it cannot be read */
export function readGivenFile(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw fail('CLI_USAGE', { what: `${flag} ${path} cannot be read: ${errnoOf(cause) ?? String(cause)}`, cause })
  }
}
