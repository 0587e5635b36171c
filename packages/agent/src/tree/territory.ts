import { readFileSync } from 'node:fs'
import { compareText, compileGlobs } from '@holotype/base'
import { nameFrom } from './names.ts'

/** What the agent must leave alone below a root. Paths are absolute as seen from the root: `/etc/machine-id`. */
export interface Territory {
  /** Neither read, written nor removed, and nothing below it either. */
  untouched(path: string): boolean
  /** Nothing directly in this directory is ours: there is no need to list it. */
  allBelowUntouched(directory: string): boolean
  /** Something untouched may come and go directly in this directory: its mtime is not ours. */
  mayHoldUntouched(directory: string): boolean
  /** What the answers depend on besides the image, as a text. */
  readonly depends: string
}

/** Longer than any name can be, so only a wildcard covers it. */
const ANY_NAME = '\0'.repeat(256)

/** `root` is resolved; `state` is the agent's own directory, which is never part of the image. */
export function territoryOf(options: {
  readonly root: string
  readonly state: string
  readonly exclusions: readonly string[]
  readonly mounts: ReadonlySet<string>
}): Territory {
  const { root, state, exclusions, mounts } = options
  const covered = compileGlobs(exclusions)
  const parents = compileGlobs(exclusions.flatMap(parentGlobs))
  const base = root === '/' ? '' : root
  const own = state.startsWith(`${base}/`) ? state.slice(base.length) : undefined
  // What is mounted below another mount, or where an exclusion reaches, comes and goes without a difference.
  const outermost = [...mounts]
    .filter((mount) => !covered(mount) && !parentsOf(mount).some((parent) => mounts.has(parent)))
    .sort(compareText)
  return {
    depends: JSON.stringify([root, own ?? null, exclusions, outermost]),
    untouched: (path) => path === own || mounts.has(path) || covered(path),
    allBelowUntouched: (directory) => covered(`${directory === '/' ? '' : directory}/${ANY_NAME}`),
    mayHoldUntouched: parents,
  }
}

/** The directories above a path. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/') || '/')
}

/** The directories in which something that the glob covers may lie. */
function parentGlobs(glob: string): string[] {
  const parent = glob.slice(0, glob.lastIndexOf('/')) || '/'
  return parent.endsWith('/**') ? [parent, parent.slice(0, -3) || '/'] : [parent]
}

/**
 * Where other file systems are mounted below a root, from /proc/self/mountinfo (proc(5): field 5, octal escapes). Device numbers do
 * not tell: an overlay shows several, a bind mount the same.
 */
export function mountsBelow(root: string): ReadonlySet<string> {
  const base = root === '/' ? '' : root
  const points = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    )
    .map((point) => nameFrom(Buffer.from(point, 'latin1')))
  return new Set(
    points.filter((point) => point !== '/' && point.startsWith(`${base}/`)).map((point) => point.slice(base.length)),
  )
}
