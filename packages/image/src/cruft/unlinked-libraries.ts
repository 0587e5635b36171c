import type { Store } from '@holotype/store'
import type { ImagePath } from './image-paths.ts'
import { stemOf, namingFiles } from './library-names.ts'
import { type LinkedObject, linkedObjects } from './linked-objects.ts'
import { namesText } from './names-text.ts'

export interface UnlinkedLibraries {
  readonly unlinked: readonly { readonly library: LinkedObject; readonly proof: string }[]
  /** Not linked with, and perhaps loaded at run time. */
  readonly kept: readonly { readonly library: LinkedObject; readonly because: string }[]
}

/**
 * The libraries that no program and no plug-in of an image is linked with, be it by way of other libraries, and that nothing names that could load
 * them by dlopen(3). Plug-ins and private libraries, which lie outside the linker's directories, count as used: a directory is listed, a RUNPATH set.
 */
export function unlinkedLibraries(store: Store, paths: readonly ImagePath[]): UnlinkedLibraries {
  const objects = linkedObjects(store, paths)
  const byName = Map.groupBy(
    objects.flatMap((object) => [...object.names].map((name) => ({ name, object }))),
    ({ name }) => name,
  )
  const used = new Set<LinkedObject>()
  const use = (object: LinkedObject, because: (needing: LinkedObject) => void) => {
    if (used.has(object)) return
    used.add(object)
    for (const { object: next } of object.needed.flatMap((name) => byName.get(name) ?? [])) {
      if (!used.has(next)) because(next)
      use(next, because)
    }
  }
  for (const object of objects) if (!object.library) use(object, () => {})
  const naming = namingFiles(
    store,
    paths,
    objects.filter((object) => !used.has(object)),
  )
  const kept = keepLoadable(objects, used, naming, use)
  const unlinked = objects
    .filter((object) => !used.has(object))
    .map((library) => ({ library, proof: proofOf(library, objects) }))
  return { unlinked, kept }
}

type Use = (object: LinkedObject, because: (needing: LinkedObject) => void) => void

/** What a file names that is used itself is used; and so on until nothing new is. */
function keepLoadable(
  objects: readonly LinkedObject[],
  used: Set<LinkedObject>,
  naming: ReadonlyMap<LinkedObject, readonly ImagePath[]>,
  use: Use,
): UnlinkedLibraries['kept'] {
  const byPath = new Map(objects.map((object) => [object.file.path, object]))
  const counts = (file: ImagePath) => {
    const object = byPath.get(file.path)
    return object === undefined || used.has(object)
  }
  const kept: { library: LinkedObject; because: string }[] = []
  for (let before = -1; before < kept.length; ) {
    before = kept.length
    for (const library of objects) {
      if (used.has(library)) continue
      const files = (naming.get(library) ?? []).filter((file) => file.path !== library.file.path && counts(file))
      if (files.length === 0) continue
      const by = namesText(files.map(({ path }) => path))
      kept.push({ library, because: `perhaps loaded at run time: named by ${by}` })
      use(library, (needed) =>
        kept.push({ library: needed, because: `${library.file.path} needs it, which is perhaps loaded at run time` }),
      )
    }
  }
  return kept
}

function proofOf(library: LinkedObject, objects: readonly LinkedObject[]): string {
  const name = library.soname ?? [...library.names][0] ?? library.file.path
  const needing = objects.filter((other) => other !== library && other.needed.some((each) => library.names.has(each)))
  const linked =
    needing.length === 0
      ? `none of ${objects.length} ELF files needs ${name}`
      : `${namesText(needing.map(({ file }) => file.path))} ${needing.length === 1 ? 'alone needs' : 'alone need'} ${name}, and nothing needs ${needing.length === 1 ? 'that' : 'those'}`
  return `${linked}; nothing else that is used names ${stemOf(name)}`
}
