import type { Format } from '@holotype/formats'

/**
 * Reads a package file to its end, its payload unpacked and looked through as it would be to install it, and gives the SHA-256 of the file.
 * @throws PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, FILE_UNREADABLE
 */
export async function readThrough(format: Format, path: string): Promise<string> {
  const { record } = await format.readPackage(path, async () => {})
  return record.sha256
}
