import { posix } from 'node:path'
import { checkSonames, type PackageSonames } from '@holotype/solver/sonames'
import type { Store } from '@holotype/store'
import type { FileChange, LostSoname } from '../types.ts'
import { SONAME_PATHS_SHOWN } from './limits.ts'
import { linkedAfter, type LinkedFiles, linkedFiles } from './linked-files.ts'
import type { ReadImage } from './read-image.ts'

/** Sonames that had a provider, or had no need of one, and now have a need and no provider. By the files of both images, whatever packages declare. */
export function lostSonames(
  store: Store,
  before: ReadImage,
  after: ReadImage,
  files: readonly FileChange[],
): LostSoname[] {
  const linked = linkedFiles(store, before.tree)
  const old = byPackage(before, linked)
  const next = byPackage(after, linkedAfter(store, linked, { tree: after.tree, files }))
  const missed = new Set(checkSonames(old).map(({ soname }) => soname))
  return checkSonames(next, old)
    .filter(({ soname }) => !missed.has(soname))
    .map(({ soname, neededBy, providedBefore }) => ({
      soname,
      neededBy: neededBy.map(({ name, by }) => ({ package: name, paths: by.slice(0, SONAME_PATHS_SHOWN) })),
      providedBefore: providedBefore.map(({ name }) => name),
    }))
}

function byPackage(image: ReadImage, { objects, links }: LinkedFiles): PackageSonames[] {
  const versions = new Map(image.packages.map(({ name, version }) => [name, version]))
  const ownerOf = (path: string) => (image.ownerOf(path) ?? 'step:unknown').replace(/^package:/, '')
  const [objectsOf, linksOf] = [Map.groupBy(objects, ({ path }) => ownerOf(path)), Map.groupBy(links, ownerOf)]
  return [...new Set([...objectsOf.keys(), ...linksOf.keys()])].map((name) => ({
    name,
    version: versions.get(name) ?? '',
    // Within an image the linker asks for the ELF class, not for the package's architecture: `all` may hold programs too.
    architecture: '',
    objects: objectsOf.get(name) ?? [],
    links: (linksOf.get(name) ?? []).map((path) => posix.basename(path)),
  }))
}
