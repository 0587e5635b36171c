import { HolotypeError } from '@holotype/base'
import { fail } from '../errors.ts'
import type { PayloadVisitor } from '../types.ts'
import { type FileReader, openReader } from './file-reader.ts'

/**
 * Opens a package file for `read`. What it refuses is told with the file's name in front; what `visit` throws comes out as it is.
 * @throws FILE_UNREADABLE, what `read` throws, and what `visit` throws
 */
export async function withPackageFile<T>(
  path: string,
  visit: PayloadVisitor | undefined,
  read: (reader: FileReader, visit: PayloadVisitor | undefined) => Promise<T>,
): Promise<T> {
  await using reader = await openReader(path)
  let visitorError: unknown
  const guarded: PayloadVisitor | undefined =
    visit &&
    (async (entry, content) => {
      try {
        await visit(entry, content)
      } catch (error) {
        visitorError = error
        throw error
      }
    })
  try {
    return await read(reader, guarded)
  } catch (error) {
    if (error === visitorError || !(error instanceof HolotypeError)) throw error
    throw named(error, path)
  }
}

/** The same failure, with the file it is about in front. */
function named(error: HolotypeError, path: string): HolotypeError {
  const { code } = error
  if (code !== 'PACKAGE_MALFORMED' && code !== 'PACKAGE_TRUNCATED' && code !== 'PACKAGE_TOO_LARGE') return error
  return fail(code, { what: `${path}: ${error.message}`, cause: error })
}
