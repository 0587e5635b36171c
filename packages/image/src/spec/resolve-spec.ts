import { readFileSync } from 'node:fs'
import { type Digest, digestOf } from '@holotype/base'
import { type ImageSpec, resolveSource } from '@holotype/distribution'
import type { Store } from '@holotype/store'

export interface ResolvedFile {
  readonly digest: Digest
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** An image spec with every file it names by digest: nothing outside it is needed to compose. An object of the store. */
export type ResolvedSpec = Omit<ImageSpec, 'files'> & {
  readonly schema: 'holotype.spec/1'
  readonly name: string
  readonly files: Readonly<Record<string, ResolvedFile>>
}

/** Puts the files a spec names into the store, and their digests in their place. @throws DISTRIBUTION_SOURCE_MISSING, DISTRIBUTION_SOURCE_OUTSIDE, DISK_FULL */
export function resolveSpec(
  store: Store,
  options: { readonly name: string; readonly spec: ImageSpec; readonly directory: string },
): ResolvedSpec {
  const files: Record<string, ResolvedFile> = {}
  for (const [path, file] of Object.entries(options.spec.files)) {
    const bytes =
      file.content === undefined
        ? readFileSync(resolveSource(options.directory, 'images', file.source ?? ''))
        : Buffer.from(file.content)
    files[path] = { digest: digestOf(bytes), size: bytes.length, mode: file.mode, uid: file.uid, gid: file.gid }
    store.put(bytes)
  }
  return { schema: 'holotype.spec/1', name: options.name, ...options.spec, files }
}
