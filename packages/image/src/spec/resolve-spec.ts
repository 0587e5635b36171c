import { readFileSync } from 'node:fs'
import { type Digest, digestOf } from '@holotype/base'
import { type ImageSpec, readTemplate, resolveSource } from '@holotype/distribution'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'

interface Owned {
  /** A number, or a name that the image's own /etc/passwd must have. */
  readonly user: number | string
  /** A number, or a name that the image's own /etc/group must have. */
  readonly group: number | string
}

/** What a spec puts at a path. */
export type ResolvedFile = Owned &
  (
    | { readonly type: 'file'; readonly mode: number; readonly digest: Digest; readonly size: number }
    | { readonly type: 'directory'; readonly mode: number }
    | { readonly type: 'symlink'; readonly target: string }
  )

/**
 * An image spec with every file it names by digest: nothing outside it is needed to compose. An object of the store. What it was put together
 * from does not show: the same spec in other files is the same object.
 */
export type ResolvedSpec = Omit<ImageSpec, 'files' | 'variables'> & {
  readonly schema: 'holotype.spec/1'
  readonly name: string
  readonly files: Readonly<Record<string, ResolvedFile>>
}

/**
 * Puts the files a spec names into the store, and their digests in their place.
 * @throws DISTRIBUTION_SOURCE_MISSING, DISTRIBUTION_SOURCE_OUTSIDE, DISTRIBUTION_UNKNOWN_VARIABLE (in a template), DISK_FULL
 */
export function resolveSpec(
  store: Store,
  options: { readonly name: string; readonly spec: ImageSpec; readonly directory: string },
): ResolvedSpec {
  const { name, directory } = options
  const { variables, files: declared, ...rest } = options.spec
  const files: Record<string, ResolvedFile> = {}
  for (const [path, file] of Object.entries(declared)) {
    const owned = { user: file.uid ?? file.user ?? 0, group: file.gid ?? file.group ?? 0 }
    if (file.link !== undefined) files[path] = { type: 'symlink', ...owned, target: file.link }
    else if (file.directory) files[path] = { type: 'directory', ...owned, mode: file.mode ?? 0o755 }
    else {
      const bytes = bytesOf(file, { directory, variables })
      files[path] = {
        type: 'file',
        ...owned,
        mode: file.mode ?? 0o644,
        digest: digestOf(bytes),
        size: bytes.length,
      }
      store.put(bytes)
    }
  }
  return { schema: 'holotype.spec/1', name, ...rest, files }
}

/** The spec that an image was composed from, as its manifest keeps it. @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED */
export function readSpec(store: Store, digest: Digest): ResolvedSpec {
  const value = store.readJson(digest)
  if (!isSpec(value)) throw fail('IMAGE_MALFORMED', { what: `${digest} is no image spec` })
  return value
}

/** The object was made by `compose` and verified by its digest: its schema word tells what it is. */
function isSpec(value: unknown): value is ResolvedSpec {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'holotype.spec/1'
}

function bytesOf(
  file: ImageSpec['files'][string],
  { directory, variables }: { readonly directory: string; readonly variables: ImageSpec['variables'] },
): Buffer {
  if (file.content !== undefined) return Buffer.from(file.content)
  const path = resolveSource(directory, 'images', file.source ?? '')
  return file.template ? Buffer.from(readTemplate(path, file.source ?? '', variables)) : readFileSync(path)
}
