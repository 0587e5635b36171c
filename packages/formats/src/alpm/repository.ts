import { fail } from '../errors.ts'
import type { IndexToWrite, RepositorySettings, RepositoryTop, RepositoryWriter } from '../repository-writer.ts'
import { renderEntry } from './sync-db-write.ts'
import { TAR_END } from './tar-pax.ts'

/** Packages that run on every architecture: they are listed in each database and lie beside it. */
const ANY = 'any'

/** What repo-add takes for `.db.tar.gz`; the entries' members are stored in chunks that are compressed once. */
const FORMS = [{ compression: 'gz', level: 6 }] as const

/**
 * Repositories as `Server = https://host/…/$repo/os/$arch` finds them: the base of a repository is that one directory of one architecture,
 * and all lies in it side by side: packages, their signatures, and the databases under the names that pacman fetches (`NAME.db`,
 * `NAME.files`) and repo-add writes (`NAME.db.tar.gz`). libalpm accepts no slash in a package's file name, and packages of
 * architecture `any` must lie beside each database that lists them: hence one repository, one architecture.
 */
export const repository: RepositoryWriter = {
  oneVersion: true,
  // libalpm looks at a file's bytes, not at how its name ends.
  packagePath: ({ name, version, architecture }) => `${name}-${version}-${architecture}.pkg.tar.zst`,
  companions: async (file, path, signer) => new Map([[`${path}.sig`, Buffer.from(await signer.signFile(file))]]),
  renderEntry,
  sortKey: ({ name, version, architecture }) => `${name}\0${version}\0${architecture}`,
  indexes: (settings) => {
    const architectures = [architectureOf(settings), ANY]
    return (['db', 'files'] as const).map(
      (part): IndexToWrite => ({
        name: part,
        part,
        architectures,
        opening: () => Buffer.alloc(0),
        closing: () => TAR_END,
        forms: FORMS,
      }),
    )
  },
  tops: async (settings, indexes, signer) => {
    const name = nameOf(settings)
    const tops: RepositoryTop[] = []
    for (const index of indexes) {
      const signature = Buffer.from(await signer.signFile(index.file))
      for (const path of [`${name}.${index.name}`, `${name}.${index.name}.tar.gz`])
        tops.push({ path, content: index }, { path: `${path}.sig`, content: signature })
    }
    return tops
  },
  // A database names packages, no other index.
  indexesOf: () => [],
}

function nameOf({ suite }: RepositorySettings): string {
  // pacman.conf(5): a section's name; the database's file is named after it.
  if (/^[A-Za-z0-9@_+][A-Za-z0-9@._+-]*$/.test(suite) && suite !== 'local' && suite !== 'options') return suite
  throw fail('REPOSITORY_UNWRITABLE', { what: `"${suite}" is no name for a repository of pacman` })
}

function architectureOf({ architectures, suite }: RepositorySettings): string {
  const [architecture = ANY, ...more] = architectures.filter((name) => name !== ANY)
  if (more.length === 0) return architecture
  throw fail('REPOSITORY_UNWRITABLE', {
    what: `the repository ${suite} is of ${architectures.join(', ')}; a repository of pacman is of one architecture: make one for each`,
  })
}
