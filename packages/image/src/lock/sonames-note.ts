import { basename } from 'node:path'
import type { Digest } from '@holotype/base'
import { formatOf, type FormatName, type InspectedEntry, inspectPackage } from '@holotype/formats'
import { isSharedObject } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { z } from 'zod'

const sonamesSchema = z.strictObject({
  schema: z.literal('holotype.sonames/1'),
  objects: z.array(
    z.strictObject({ path: z.string(), soname: z.string().exactOptional(), needed: z.array(z.string()) }),
  ),
  links: z.array(z.string()),
})

/** The sonames of a package file, found once for ever: an object under the note `sonames/<hex of the package file>`. */
export type SonamesNote = z.infer<typeof sonamesSchema>

function noteKey(packageFile: Digest): string {
  return `sonames/${packageFile.slice('sha256:'.length)}`
}

/** What is remembered of a package file that was inspected before. @throws OBJECT_CORRUPT */
export function recallSonames(store: Store, packageFile: Digest): SonamesNote | undefined {
  const note = store.recall(noteKey(packageFile))
  const found = /^sha256:([0-9a-f]{64})$/.exec(note ?? '')?.[1]
  if (found === undefined || !store.has(`sha256:${found}`)) return undefined
  const parsed = sonamesSchema.safeParse(store.readJson(`sha256:${found}`))
  return parsed.success ? parsed.data : undefined
}

/**
 * Reads a package file of the store and notes its sonames.
 * @throws OBJECT_MISSING, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, DISK_FULL
 */
export async function noteSonames(store: Store, format: FormatName, packageFile: Digest): Promise<void> {
  const { files } = await inspectPackage(formatOf(format), store.pathOf(packageFile))
  store.remember(noteKey(packageFile), store.putJson(sonamesOf(files)))
}

/** Every dynamically linked file, and the links by which a library may be found. */
export function sonamesOf(files: readonly InspectedEntry[]): SonamesNote {
  const objects = files.flatMap(({ path, sonames }) =>
    sonames
      ? [{ path, needed: [...sonames.needed], ...(sonames.soname === undefined ? {} : { soname: sonames.soname }) }]
      : [],
  )
  const links = files
    .filter(({ path, type }) => (type === 'symlink' || type === 'hardlink') && isSharedObject(path))
    .map(({ path }) => basename(path))
  return { schema: 'holotype.sonames/1', objects, links: [...new Set(links)].sort() }
}
