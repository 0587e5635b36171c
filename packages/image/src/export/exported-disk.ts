import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import { fail } from '../errors.ts'
import type { ImageManifest } from '../types.ts'
import { directoryOf, verifyExports } from './signed-list.ts'

/** The raw disk that was exported of an image, its signatures checked. @throws EXPORT_MISSING, EXPORT_UNSIGNED */
export async function exportedDisk(options: {
  readonly out: string
  readonly image: Digest
  readonly manifest: ImageManifest
  readonly publicKey: string
}): Promise<{ readonly path: string; readonly sha256: string }> {
  const { out, image, manifest, publicKey } = options
  const name = `${manifest.name}-${manifest.architecture}.raw`
  const directory = join(out, manifest.name, directoryOf(image))
  const path = join(directory, name)
  if (!existsSync(path)) throw fail('EXPORT_MISSING', { what: `there is no ${path}` })
  const listed = (await verifyExports(directory, image, publicKey)).find((file) => file.path === name)
  if (!listed) throw fail('EXPORT_UNSIGNED', { what: `${path} is not in the signed list` })
  return { path, sha256: listed.sha256 }
}
