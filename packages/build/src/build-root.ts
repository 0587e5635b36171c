import { canonicalJson, type Digest, digestOf, isDigest, type Progress } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import type { FormatName } from '@holotype/formats'
import { compose, layOut, type LockSource, makeLock, readManifest, resolveSpec } from '@holotype/image'
import { fetchPackages, type Fetcher } from '@holotype/repository'
import type { Store } from '@holotype/store'
import type { RecipeFamily, SourceFacts } from './types.ts'

/** What nobody needs to compile: left out so that a build root is made sooner. */
const PRUNED = [
  '/usr/share/doc/**',
  '/usr/share/man/**',
  '/usr/share/info/**',
  '/usr/share/locale/**',
  '/usr/share/lintian/**',
]

export interface BuildRootOptions {
  readonly store: Store
  readonly format: FormatName
  readonly architecture: string
  readonly sources: readonly LockSource[]
  readonly family: RecipeFamily
  readonly facts: SourceFacts
  readonly fetcher: Fetcher
  readonly progress: Progress
  /** Aborted: composing ends. */
  readonly signal?: AbortSignal
}

export interface BuildRoot {
  readonly image: Digest
  /** A read-only directory. */
  readonly directory: string
}

/**
 * The root a recipe is built in: an image like any other, locked from snapshots and composed from scratch, with the family's toolchain and
 * the recipe's build dependencies and nothing else. The same lock gives the same root; it is composed once.
 * @throws what locking, fetching and composing throw
 */
export async function buildRoot(options: BuildRootOptions): Promise<BuildRoot> {
  const { store, format, architecture, sources, family, facts, progress } = options
  const { lock } = makeLock({
    store,
    image: 'build-root',
    format,
    architecture,
    sources,
    install: family.toolchain,
    extra: facts.buildDepends,
  })
  const spec = resolveSpec(store, {
    name: 'build-root',
    spec: imageSchema.parse({
      packages: [...family.toolchain],
      prune: { paths: PRUNED },
      // Whatever a recipe needs to be built: what scripts do here ends with the build, and reaches no node.
      scripts: { allow: ['/**'] },
    }),
    directory: '/',
  })
  const key = `build-root/${digestOf(canonicalJson([lock.packages, spec])).slice('sha256:'.length)}`
  const known = store.recall(key)
  if (isDigest(known) && store.has(known)) return { image: known, directory: layOut(store, readManifest(store, known)) }
  await fetchPackages({ lock, store, fetcher: options.fetcher, progress })
  const { image, manifest } = await compose({
    store,
    lock,
    spec,
    progress,
    ...(options.signal ? { signal: options.signal } : {}),
  })
  const directory = layOut(store, manifest)
  store.remember(key, image)
  return { image, directory }
}
