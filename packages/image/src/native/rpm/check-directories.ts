import { fail } from '../../errors.ts'
import type { Candidate } from './packages.ts'

/**
 * Packages that bring the same directory must agree on its mode and owners: rpm refuses to install them otherwise (lib/rpmfi.c,
 * `rpmfilesCompare`). @throws IMAGE_PATH_CONFLICT
 */
export function checkDirectories(packages: readonly Candidate[]): void {
  const first = new Map<string, { readonly name: string; readonly facts: string }>()
  for (const { candidate, files } of packages)
    for (const { path, directory, ghost, mode, owner, group } of files) {
      if (!directory || ghost) continue
      const facts = `${mode.toString(8)} ${owner}:${group}`
      const known = first.get(path)
      if (known === undefined) first.set(path, { name: candidate.name, facts })
      else if (known.facts !== facts)
        throw fail('IMAGE_PATH_CONFLICT', {
          what: `the directory /${path} is ${known.facts} in ${known.name} and ${facts} in ${candidate.name}`,
          hint: 'leave one of them out, or mend one by a recipe: rpm does not install them together either',
        })
    }
}
