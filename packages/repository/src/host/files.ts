import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compareText, errnoOf, failBase } from '@holotype/base'
import { SOURCES_FILE_BYTES, SOURCES_FILES } from '../limits.ts'

/** A small text file below a root; undefined if there is none. @throws FILE_UNREADABLE */
export function readSmall(root: string, path: string): string | undefined {
  const full = join(root, path)
  try {
    if (statSync(full).size > SOURCES_FILE_BYTES) throw new Error(`larger than ${SOURCES_FILE_BYTES} bytes`)
    return readFileSync(full, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${full}`, cause: error })
  }
}

/** The files of a directory below a root, as paths below that root, sorted; empty if there is none. */
export function listFiles(root: string, directory: string): string[] {
  try {
    const names = readdirSync(join(root, directory)).sort(compareText)
    return names.slice(0, SOURCES_FILES).map((name) => `${directory}/${name}`)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw error
  }
}
