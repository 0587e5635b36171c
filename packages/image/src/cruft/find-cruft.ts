import { compareText, type Digest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { type ComposedImage, readComposed } from '../explain/composed-image.ts'
import { type ImagePath, imagePaths, packageOf, sumOf } from './image-paths.ts'
import type { LinkedObject } from './linked-objects.ts'
import { namesText } from './names-text.ts'
import { prunedByKey } from './pruned-by-key.ts'
import { CRUFT_CLASSES, type Cruft, type CruftItem, type Kept } from './types.ts'
import { type UnlinkedLibraries, unlinkedLibraries } from './unlinked-libraries.ts'
import { lockedNeeds, type LockedNeeds } from './unneeded-packages.ts'

/**
 * What an image could do without, each with its bytes and why. Read from objects; a path counts once, in the first class that it falls into.
 * @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED, LOCK_MALFORMED, PACKAGE_MALFORMED, FILE_UNREADABLE
 */
export async function findCruft(store: Store, digest: Digest): Promise<Cruft> {
  const image = readComposed(store, digest)
  const paths = imagePaths(store, image.manifest.root.tree, image.ownerOf)
  const needs = await lockedNeeds(image)
  const told = typeof needs === 'string' ? undefined : needs
  const unneeded = new Set(told?.unneeded.map(({ name }) => name))
  const libraries = unlinkedLibraries(store, paths)
  const rest = paths.filter((path) => !unneeded.has(packageOf(path) ?? ''))
  const ownerless = rest.filter(({ owner }) => owner === undefined)
  const items: CruftItem[] = [
    ...packageItems(paths, told),
    ...libraryItems(image, libraries, { rest, needs: told }),
    ...ownerless.map(
      (path): CruftItem => ({
        class: 'unowned',
        what: path.path,
        ...sumOf([path]),
        proof: 'no package has it, the spec does not, and no step of composing made it: a defect of composing',
      }),
    ),
    ...prunedByKey(
      image.spec,
      rest.filter(({ owner }) => owner !== undefined),
    ),
  ]
  return {
    items: items.sort((a, b) => b.bytes - a.bytes || compareText(a.what, b.what)),
    sums: CRUFT_CLASSES.flatMap((name) => {
      const members = items.filter((item) => item.class === name)
      if (members.length === 0) return []
      const sum = (of: (item: CruftItem) => number) => members.reduce((total, item) => total + of(item), 0)
      return [{ class: name, files: sum((item) => item.files), bytes: sum((item) => item.bytes) }]
    }),
    kept: [...keptPackages(paths, told), ...keptLibraries(libraries)],
    untold: typeof needs === 'string' ? [needs] : [],
  }
}

function packageItems(paths: readonly ImagePath[], needs: LockedNeeds | undefined): CruftItem[] {
  return (needs?.unneeded ?? []).map(({ name, proof }) => ({
    class: 'packages',
    what: name,
    ...sumOf(paths.filter((path) => packageOf(path) === name)),
    proof,
    change: { key: 'exclude', add: [name] },
  }))
}

function keptPackages(paths: readonly ImagePath[], needs: LockedNeeds | undefined): Kept[] {
  return (needs?.kept ?? []).map(({ name, because }) => {
    const { bytes } = sumOf(paths.filter((path) => packageOf(path) === name))
    return { class: 'packages', what: name, bytes, because }
  })
}

interface Around {
  /** All paths but those of packages that nothing needs. */
  readonly rest: readonly ImagePath[]
  readonly needs: LockedNeeds | undefined
}

function libraryItems(image: ComposedImage, { unlinked }: UnlinkedLibraries, { rest, needs }: Around): CruftItem[] {
  const present = new Set(rest)
  const found = unlinked.filter(({ library }) => present.has(library.file) && library.file.owner !== 'spec')
  const going = new Set(found.flatMap(({ library }) => [library.file.path, ...library.links]))
  const inUse = new Set(
    rest
      .filter(({ path }) => !going.has(path) && !/^\/usr\/share\/(doc|man|info|locale|lintian)\//.test(path))
      .map(packageOf),
  )
  return found.map(({ library, proof }) => {
    const name = packageOf(library.file)
    return {
      class: 'libraries',
      what: library.file.path,
      files: 1 + library.links.length,
      bytes: library.file.bytes,
      proof: name === undefined || inUse.has(name) ? proof : `${proof}; ${wholeText(image, name, needs)}`,
      ...changeOf(library),
    }
  })
}

/** Of a package that holds nothing but libraries that no ELF file is linked with. */
function wholeText({ lock }: ComposedImage, name: string, needs: LockedNeeds | undefined): string {
  const by = needs?.dependents.get(name) ?? []
  const needing =
    by.length > 0
      ? `${namesText(by)} ${by.length === 1 ? 'depends' : 'depend'} on it all the same`
      : `${lock.image} asks for it`
  return `${name} holds nothing else${needs ? `, and ${needing}` : ''}`
}

function changeOf({ file, links }: LinkedObject): Pick<CruftItem, 'change'> {
  const add = [file.path, ...links]
  // A glob is no path: a name with its signs would leave out more.
  return add.some((path) => /[*?]/.test(path)) ? {} : { change: { key: 'prune.paths', add } }
}

function keptLibraries({ kept }: UnlinkedLibraries): Kept[] {
  return kept.map(({ library: { file }, because }) => ({
    class: 'libraries',
    what: file.path,
    bytes: file.bytes,
    because,
  }))
}
