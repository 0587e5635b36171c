import { posix } from 'node:path'
import type { Digest } from '@holotype/base'
import type { FileEntry } from '../types.ts'

/** A file of an image, where it lies. */
export interface PlacedFile {
  readonly path: string
  readonly entry: FileEntry
}

export interface Resemblance {
  /** The old file that a new one most likely came from. */
  baseOf(path: string, size: number): { readonly digest: Digest; readonly size: number } | undefined
}

/**
 * Looks for the old file that a new one came from: the one at its path; else at its path but for the numbers in it
 * (`libssl.so.3.0.1`, `/lib/modules/6.1.0-41-amd64/…`); else, of the same name but for the numbers, that of the nearest size. Files that
 * are gone come before files that stayed. Whether the guess is good is not judged here: the compressor measures it.
 */
export function resemblance(files: Iterable<PlacedFile & { readonly gone: boolean }>): Resemblance {
  type Old = PlacedFile & { readonly gone: boolean }
  const byPath = new Map<string, Old>()
  const byShape = new Map<string, Old[]>()
  const byName = new Map<string, Old[]>()
  for (const file of files) {
    if (file.entry.size === 0) continue
    byPath.set(file.path, file)
    const shape = shapeOf(file.path)
    add(byShape, shape, file)
    add(byName, posix.basename(shape), file)
  }
  const nearest = (candidates: readonly Old[] | undefined, size: number) => {
    const gone = candidates?.filter((file) => file.gone) ?? []
    const among = gone.length > 0 ? gone : candidates
    return among?.reduce((best, file) =>
      Math.abs(file.entry.size - size) < Math.abs(best.entry.size - size) ? file : best,
    )
  }
  return {
    baseOf(path, size) {
      const shape = shapeOf(path)
      const found =
        byPath.get(path) ?? nearest(byShape.get(shape), size) ?? nearest(byName.get(posix.basename(shape)), size)
      return found && { digest: found.entry.digest, size: found.entry.size }
    },
  }
}

/** A path with every run of digits as one mark. */
function shapeOf(path: string): string {
  return path.replaceAll(/[0-9]+/g, '0')
}

function add<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
