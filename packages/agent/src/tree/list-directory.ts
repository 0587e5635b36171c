import { readdirSync } from 'node:fs'
import { errnoOf } from '@holotype/base'
import { explain } from '../explain.ts'
import { nameFrom, systemPath } from './names.ts'

/** The names in a directory, none when it is not there any more. `path` is for the error. @throws AGENT_NOT_PERMITTED, AGENT_IO */
export function listDirectory(full: string, path: string): readonly string[] {
  try {
    const at = systemPath(full)
    const names = readdirSync(at)
    // Decoding puts U+FFFD for what is not UTF-8; then the bytes themselves are asked for.
    if (!names.some((name) => name.includes('\ufffd'))) return names
    return readdirSync(at, { encoding: 'buffer' }).map(nameFrom)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw explain(error, path)
  }
}
