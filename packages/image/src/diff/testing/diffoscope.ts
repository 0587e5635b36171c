import { lstatSync } from 'node:fs'
import { z } from 'zod'

/** A difference of diffoscope's JSON output (`--json`), as far as it is read. */
interface Difference {
  readonly source1: string
  readonly source2: string
  readonly unified_diff?: string | null | undefined
  readonly details?: readonly Difference[] | undefined
}

const differenceSchema: z.ZodType<Difference> = z.lazy(() =>
  z.looseObject({
    source1: z.string(),
    source2: z.string(),
    unified_diff: z.string().nullish(),
    details: z.array(differenceSchema).optional(),
  }),
)

/** What diffoscope says differs between two directories: paths relative to them, and members as `PATH > MEMBER`. */
export interface Found {
  readonly paths: ReadonlySet<string>
  readonly members: ReadonlySet<string>
}

/**
 * Reads what diffoscope printed for two directories.
 * @param roots as they were given to it; they are still there
 */
export function readDiffoscope(json: string, roots: readonly [string, string]): Found {
  const paths = new Set<string>()
  const members = new Set<string>()
  walk(differenceSchema.parse(JSON.parse(json)), { directory: '' })
  return { paths, members }

  function walk({ source1, source2, unified_diff: text, details = [] }: Difference, within: Within): void {
    const path = pathOf(source1, 0) ?? pathOf(source2, 1)
    if (path !== undefined) {
      // A directory stands there for what is below it and for its list of names.
      const isDirectory = roots.some((root) => isDirectoryAt(`${root}/${path}`))
      if (!isDirectory) paths.add(path)
      for (const detail of details) walk(detail, isDirectory ? { directory: `${path}/` } : { file: path })
      return
    }
    if (source1 === roots[0]) for (const detail of details) walk(detail, within)
    else if ('directory' in within) {
      if (source1 === 'file list') for (const name of changedLines(text ?? '')) paths.add(`${within.directory}${name}`)
    } else {
      // The rest are programs whose output is compared, `readelf {}`, lists of names, and members by their names.
      const isMember = !source1.includes(' ')
      const file = isMember ? `${within.file} > ${source1}` : within.file
      if (isMember) members.add(file)
      for (const detail of details) walk(detail, { file })
    }
  }

  function pathOf(source: string, side: 0 | 1): string | undefined {
    const root = `${roots[side]}/`
    return source.startsWith(root) ? source.slice(root.length) : undefined
  }
}

function isDirectoryAt(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Where a difference stands: in a directory, which is '' or ends in a slash, or in a file. */
type Within = { readonly directory: string } | { readonly file: string }

function changedLines(diff: string): string[] {
  return diff.split('\n').flatMap((line) => {
    const [, path] = /^[-+]([^-+].*)$/.exec(line) ?? []
    return path === undefined ? [] : [path]
  })
}
