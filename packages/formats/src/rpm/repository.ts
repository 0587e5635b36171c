import { confinedPath } from '../archive/path.ts'
import { fail } from '../errors.ts'
import type { RepositoryWriter } from '../repository-writer.ts'
import { advisoriesOf } from './advisories.ts'
import { signing } from './package-sign.ts'
import { renderRepomd } from './repomd.ts'
import { renderPackage } from './repository-render.ts'
import { renderUpdateinfo } from './updateinfo-render.ts'
import { headOf, REPOMD, REPOMD_SIGNATURE } from './upstream.ts'

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
const NAMESPACE = 'http://linux.duke.edu/metadata'

/** The three lists: their root element and its namespaces. */
const LISTS = [
  { name: 'primary', root: 'metadata', spaces: `xmlns="${NAMESPACE}/common" xmlns:rpm="${NAMESPACE}/rpm"` },
  { name: 'filelists', root: 'filelists', spaces: `xmlns="${NAMESPACE}/filelists"` },
  { name: 'other', root: 'otherdata', spaces: `xmlns="${NAMESPACE}/other"` },
] as const

const UPDATEINFO = 'updateinfo'

const LEVELS = { gz: 6, zst: 12 } as const

/** How our own repositories of rpm packages are written. */
export const repository: RepositoryWriter = {
  signing,
  hasAdvisories: true,
  mirrorlist: { path: 'mirrorlist', packages: 'Packages' },
  packagePath({ name, version, architecture }) {
    const path = `Packages/${name.slice(0, 1).toLowerCase()}/${name}-${version.replace(/^\d+:/, '')}.${architecture}.rpm`
    if (name === '' || confinedPath(path) !== path || path.split('/').length !== 3)
      throw fail('REPOSITORY_UNWRITABLE', { what: `"${name}" ${version} ${architecture} makes no file name` })
    return path
  },
  companions: async () => new Map(),
  renderEntry(inspected, path) {
    const { name, sha256 } = inspected.record
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw fail('REPOSITORY_UNWRITABLE', { what: `${name} has no SHA-256` })
    const { primary, filelists, other } = renderPackage(inspected, path)
    return {
      record: { ...inspected.record, filename: path },
      parts: { primary: Buffer.from(primary), filelists: Buffer.from(filelists), other: Buffer.from(other) },
    }
  },
  sortKey: ({ name, version, architecture }) => `${name}\0${version}\0${architecture}`,
  indexes: ({ architectures, compression = 'gz' }) =>
    LISTS.map(({ name, root, spaces }) => ({
      name,
      part: name,
      architectures: listedBeside(architectures),
      opening: (count) => Buffer.from(`${XML}<${root} ${spaces} packages="${count}">\n`),
      closing: () => Buffer.from(`</${root}>\n`),
      forms: [{ compression, level: LEVELS[compression] }],
      path: (form, sha256) => `repodata/${sha256}-${name}.xml${form === 'none' ? '' : `.${form}`}`,
    })),
  wholeIndexes(settings) {
    const { advisories = [], architectures, compression = 'gz' } = settings
    if (advisories.length === 0) return []
    return [
      {
        name: UPDATEINFO,
        architectures: listedBeside(architectures),
        form: { compression, level: LEVELS[compression] },
        wantsPaths: false,
        path: (sha256) => `repodata/${sha256}-${UPDATEINFO}.xml.${compression}`,
        render: (packages) =>
          renderUpdateinfo(
            advisoriesOf(
              settings,
              packages.map(({ record }) => record),
            ),
          ),
      },
    ]
  },
  async tops({ date }, indexes, signer) {
    const data = indexes.map((index) => ({
      type: index.name,
      checksum: { type: 'sha256', hex: index.sha256 },
      openChecksum: { type: 'sha256', hex: index.open.sha256 },
      href: `repodata/${index.sha256}-${index.name}.xml.${index.compression}`,
      timestamp: date,
      size: index.size,
      openSize: index.open.size,
    }))
    const content = Buffer.from(renderRepomd({ revision: String(date), data, distros: [] }))
    const signature = Buffer.from(await signer.detachSign(content))
    return [
      { path: REPOMD, content },
      { path: REPOMD_SIGNATURE, content: signature },
    ]
  },
  indexesOf: (top) => headOf(top).indexes,
}

/** Packages for every machine and source packages stand beside those of any architecture, as createrepo_c has them. */
function listedBeside(architectures: readonly string[]): readonly string[] {
  return [...new Set([...architectures, 'noarch', 'src'])]
}
