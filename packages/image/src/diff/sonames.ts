import { posix } from 'node:path'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { elfSonames } from '@holotype/formats'
import type { Digest } from '@holotype/base'
import { checkSonames, isSharedObject, type PackageSonames } from '@holotype/solver'
import { type Store, walkTree } from '@holotype/store'
import type { LostSoname } from '../types.ts'
import { SONAME_PATHS_SHOWN } from './limits.ts'
import type { ReadImage } from './read-image.ts'

type Known = Map<Digest, ReturnType<typeof elfSonames>>

/** Sonames that had a provider, or had no need of one, and now have a need and no provider. By the files of both images, whatever packages declare. */
export function lostSonames(store: Store, before: ReadImage, after: ReadImage): LostSoname[] {
  const known: Known = new Map()
  const [old, next] = [packagesOf(store, before, known), packagesOf(store, after, known)]
  const missed = new Set(checkSonames(old).map(({ soname }) => soname))
  return checkSonames(next, old)
    .filter(({ soname }) => !missed.has(soname))
    .map(({ soname, neededBy, providedBefore }) => ({
      soname,
      neededBy: neededBy.map(({ name, by }) => ({ package: name, paths: by.slice(0, SONAME_PATHS_SHOWN) })),
      providedBefore: providedBefore.map(({ name }) => name),
    }))
}

/** ELF files by owner. What is neither executable nor named like a library is not looked at: nothing starts or links it. */
function packagesOf(store: Store, image: ReadImage, known: Known): PackageSonames[] {
  const versions = new Map(image.packages.map(({ name, version }) => [name, version]))
  const found = new Map<string, { objects: PackageSonames['objects'][number][]; links: string[] }>()
  for (const { path, entry } of walkTree(store, image.tree)) {
    const named = isSharedObject(path)
    if (entry.type !== 'symlink' && (entry.type !== 'file' || !(named || entry.mode & 0o111))) continue
    if (entry.type === 'symlink' && !named) continue
    const owner = (image.ownerOf(`/${path}`) ?? 'step:unknown').replace(/^package:/, '')
    const item = found.get(owner) ?? { objects: [], links: [] }
    found.set(owner, item)
    if (entry.type === 'symlink') item.links.push(posix.basename(path))
    else {
      if (!known.has(entry.digest)) known.set(entry.digest, readSonames(store, entry.digest))
      const sonames = known.get(entry.digest)
      if (sonames) item.objects.push({ path: `/${path}`, ...sonames })
    }
  }
  return [...found].map(([name, { objects, links }]) => ({
    name,
    version: versions.get(name) ?? '',
    // Within an image the linker asks for the ELF class, not for the package's architecture: `all` may hold programs too.
    architecture: '',
    objects,
    links,
  }))
}

/** A few reads of a file that may be large. The bytes are not verified: what matters is verified when it is composed, published and synced. */
export function readSonames(store: Store, digest: Digest): ReturnType<typeof elfSonames> {
  const file = openSync(store.pathOf(digest), 'r')
  try {
    return elfSonames({
      size: fstatSync(file).size,
      read(offset, length) {
        const bytes = Buffer.alloc(length)
        return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
      },
    })
  } finally {
    closeSync(file)
  }
}
