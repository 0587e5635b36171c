import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseBuildDependencies, parseChangelog, parseStanzas } from '@holotype/formats'
import { fail } from '../../errors.ts'
import { RECIPE_FILE_BYTES } from '../../limits.ts'
import type { RecipeFamily } from '../../types.ts'

/** Debian source packages, unpacked: `debian/` beside the upstream files (Debian Policy, chapter 4). */
export const deb: RecipeFamily = {
  toolchain: ['build-essential', 'fakeroot'],
  readSource: (directory, architecture) => {
    const control = parseStanzas(read(directory, 'debian/control'))[0] ?? []
    const field = (name: string) => control.find(([key]) => key.toLowerCase() === name)?.[1]
    const newest = parseChangelog(read(directory, 'debian/changelog'))[0]
    const source = field('source')
    if (source === undefined || newest === undefined) {
      throw fail('BUILD_SOURCE_MALFORMED', { what: `${directory} names no Source, or has an empty changelog` })
    }
    const epoch = Date.parse(newest.date) / 1000
    if (!Number.isSafeInteger(epoch))
      throw fail('BUILD_SOURCE_MALFORMED', { what: `debian/changelog: "${newest.date}" is no date` })
    const depends = ['build-depends', 'build-depends-arch', 'build-depends-indep'].flatMap((name) => field(name) ?? [])
    return {
      source,
      version: newest.version,
      epoch,
      buildDepends: depends.flatMap((text) => parseBuildDependencies(text, architecture, [])),
    }
  },
  command: ['/usr/bin/dpkg-buildpackage', '--build=binary', '--no-sign', '--jobs=auto'],
  isPackage: (file) => file.endsWith('.deb'),
}

function read(directory: string, file: string): string {
  const path = join(directory, file)
  try {
    if (statSync(path).size > RECIPE_FILE_BYTES) throw new Error(`larger than ${RECIPE_FILE_BYTES} bytes`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fail('BUILD_SOURCE_MALFORMED', { what: `cannot read ${path}`, cause: error })
  }
}
