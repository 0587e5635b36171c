import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isErrorCode, run } from '@holotype/base'
import { DELTA_GZIP_BYTES, GZIP_FILES, GZIP_TIMEOUT_MS } from '../limits.ts'

/** What is inside of a gzip file (RFC 1952); undefined when it is none, is damaged, or holds more than `DELTA_GZIP_BYTES`. */
export function gunzip(bytes: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: DELTA_GZIP_BYTES })
  } catch {
    return undefined
  }
}

/**
 * Makes gzip files of contents as Debian's packages are made: GNU gzip at its best, without name and time (debhelper's dh_compress). Nothing
 * but gzip itself makes these bytes: zlib cuts its blocks elsewhere. One process makes many, in a folder of its own below `directory`.
 * Undefined where there is no such file: without gzip there is none.
 */
export function gzipAgain(contents: readonly Uint8Array[], directory: string): Promise<(Buffer | undefined)[]> {
  return gzipLater(contents, directory)()
}

/**
 * The same in two steps: the contents are written down when this returns, so nobody need hold them; what it gives makes the files, and is to be
 * called once.
 */
export function gzipLater(contents: readonly Uint8Array[], directory: string): () => Promise<(Buffer | undefined)[]> {
  mkdirSync(directory, { recursive: true })
  const folder = mkdtempSync(join(directory, '.gzip-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    for (const [index, content] of contents.entries()) writeFileSync(join(folder, String(index)), content)
  } catch (error) {
    remove()
    throw error
  }
  const names = contents.map((_, index) => String(index))
  return async () => {
    try {
      for (let first = 0; first < names.length; first += GZIP_FILES) {
        const some = names.slice(first, first + GZIP_FILES)
        await run(['gzip', '-9n', '--', ...some], { cwd: folder, timeoutMs: GZIP_TIMEOUT_MS })
      }
      return names.map((name) => readFileSync(join(folder, `${name}.gz`)))
    } catch (error) {
      if (!WITHOUT.some((code) => isErrorCode(error, code))) throw error
      return names.map(() => undefined)
    } finally {
      remove()
    }
  }
}

const WITHOUT = ['PROCESS_NOT_FOUND', 'PROCESS_FAILED', 'PROCESS_TIMEOUT'] as const
