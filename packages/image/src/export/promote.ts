import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, withDirectoryLock } from '@holotype/base'
import { fail } from '../errors.ts'
import { busy, isExportName } from './export-image.ts'
import { directoryOf, movePointer, readPointer, verifyExports } from './signed-list.ts'

export interface Promoted {
  readonly image: Digest
  /** What was current before. */
  readonly before?: Digest
  readonly directory: string
  readonly files: number
}

/**
 * Makes the candidate of a name its current image, in one step, when the list beside it is signed by this key and every file is what the
 * list says. `image`: that one, candidate or not: to go back, promote the one before.
 * @throws EXPORT_MISSING, EXPORT_UNSIGNED, EXPORT_BUSY
 */
export async function promoteExports(options: {
  readonly out: string
  readonly name: string
  readonly image?: Digest
  /** The text of `minisign.pub`, from the keyring and not from beside the files. */
  readonly publicKey: string
}): Promise<Promoted> {
  const base = join(options.out, options.name)
  if (!isExportName(options.name) || !existsSync(base))
    throw fail('EXPORT_MISSING', { what: `there are no exports of ${options.name} in ${options.out}` })
  return await withDirectoryLock({ directory: base, purpose: 'exports', busy }, async () => {
    const image = options.image ?? readPointer(base, 'candidate')
    const directory = image && join(base, directoryOf(image))
    if (!image || !directory || !existsSync(directory))
      throw fail('EXPORT_MISSING', { what: image ? `${image} was not exported` : `${options.name} has no candidate` })
    const files = await verifyExports(directory, image, options.publicKey)
    const before = readPointer(base, 'current')
    movePointer(base, 'current', image)
    return { image, directory, files: files.length, ...(before === undefined ? {} : { before }) }
  })
}
