import { confinedPath } from '../archive/path.ts'
import { fail } from '../errors.ts'
import type {
  IndexToWrite,
  RepositorySettings,
  RepositoryTop,
  RepositoryWriter,
  WrittenIndex,
} from '../repository-writer.ts'
import type { Compression, InspectedPackage, PackageRecord } from '../types.ts'
import { renderContents } from './contents.ts'
import { fieldOf, parseStanzas, renderStanza, type Stanza } from './control.ts'
import { recordOf, valuesOf } from './record.ts'
import { descriptionMd5, renderTranslation } from './translation.ts'
import { clearSignedText, parseHead, renderHead } from './release.ts'
import { poolPath } from './pool-path.ts'
import { SOURCE_ARCHITECTURE, SOURCES, sources } from './source-write.ts'

const PACKAGES = 'Packages'
/** Of the descriptions as packages have them. */
const LANGUAGE = 'en'
const TRANSLATION = `Translation-${LANGUAGE}`
/** Fields that say where a package's file is: an index's, never the package's own. */
const PLACE = /^(filename|size|md5sum|sha1|sha256|sha512)$/i
const NAME = /^[a-z0-9][a-z0-9.+-]*$/i

/**
 * The forms of an index. No xz: chunks compressed apart are concatenated, and apt (2.6) reads the first stream of such an xz file
 * alone, while of gzip members and zstd frames it reads all. The plain index is in Release by its digest, as
 * RepositoryFormat wants it, and nowhere on disk.
 */
const FORMS = [
  { compression: 'zst', level: 12 },
  { compression: 'gz', level: 9 },
] as const satisfies IndexToWrite['forms']

/** How apt repositories are written (Debian RepositoryFormat): one suite, one component. */
export const repository: RepositoryWriter = {
  metadataSuffices: true,
  sources,
  packagePath: (record, component) => poolPath(component, record),
  companions: async () => new Map(),
  renderEntry(inspected, path) {
    const stanza = [
      ...inspected.fields.filter(([name]) => !PLACE.test(name)),
      ['Filename', checkedPath(inspected, path)] as const,
      ['Size', String(inspected.record.size)] as const,
      ['SHA256', inspected.record.sha256] as const,
    ]
    const record = recordOf(valuesOf(stanza), { complain: unwritable })
    // An empty line ends each stanza, so that stanzas are put together as they are.
    return { record, parts: { [PACKAGES]: Buffer.from(`${renderStanza(stanza)}\n`) } }
  },
  withTranslation({ record, parts }) {
    const [stanza] = parseStanzas(parts[PACKAGES]?.toString() ?? '')
    const description = stanza && fieldOf(stanza, 'Description')
    if (!stanza || description === undefined || !description.includes('\n')) return { record, parts }
    const md5 = descriptionMd5(description)
    const short = stanza.flatMap(
      ([name, value]): Stanza =>
        /^description$/i.test(name)
          ? [
              [name, record.description],
              ['Description-md5', md5],
            ]
          : [[name, value]],
    )
    const translation = renderTranslation({ package: record.name, descriptionMd5: md5, description }, LANGUAGE)
    return {
      record,
      parts: {
        ...parts,
        [PACKAGES]: Buffer.from(`${renderStanza(short)}\n`),
        [TRANSLATION]: Buffer.from(translation),
      },
    }
  },
  sortKey: ({ name, version, architecture }) => `${name}\0${version}\0${architecture}`,
  indexes(settings) {
    checkNames(settings)
    const { suite, component, architectures } = settings
    const index = (directory: string, part: string, listed: readonly string[]) => ({
      name: `${component}/${directory}/${part}`,
      part,
      architectures: listed,
      opening: () => Buffer.alloc(0),
      closing: () => Buffer.alloc(0),
      forms: FORMS,
      path: (_: Compression, sha256: string) => `dists/${suite}/${component}/${directory}/by-hash/SHA256/${sha256}`,
    })
    return [
      // Packages for every architecture stand in each index: the Release file names no architecture `all`.
      ...architectures.map((architecture) => index(`binary-${architecture}`, PACKAGES, [architecture, 'all'])),
      // Also without entries: apt refuses a `deb-src` whose index the Release file does not name.
      index(SOURCE_ARCHITECTURE, SOURCES, [SOURCE_ARCHITECTURE]),
      { ...index('i18n', TRANSLATION, [...architectures, 'all']), optional: true },
    ]
  },
  wholeIndexes(settings) {
    checkNames(settings)
    const { suite, component, architectures, contents = false } = settings
    return (contents ? architectures : []).map((architecture) => ({
      name: `${component}/Contents-${architecture}`,
      architectures: [architecture, 'all'],
      form: { compression: 'gz', level: 6 },
      wantsPaths: true,
      path: (sha256) => `dists/${suite}/${component}/by-hash/SHA256/${sha256}`,
      render: (packages) =>
        [...renderContents(packages.map(({ record, paths }) => [qualified(record), paths]))].join(''),
    }))
  },
  async tops(settings, indexes, signer) {
    checkNames(settings)
    const base = `dists/${settings.suite}`
    const text = releaseText(settings, indexes)
    const [detached, inline] = await Promise.all([signer.detachSign(text), signer.clearSign(text)])
    return [
      ...indexes.map(
        (index): RepositoryTop => ({ path: `${base}/${index.name}${endOf(index.compression)}`, content: index }),
      ),
      { path: `${base}/Release`, content: Buffer.from(text) },
      { path: `${base}/Release.gpg`, content: Buffer.from(detached) },
      { path: `${base}/InRelease`, content: Buffer.from(inline) },
    ]
  },
  indexesOf(top) {
    const text = top.toString('utf8')
    return parseHead(text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----') ? clearSignedText(text) : text).indexes
  },
}

function releaseText(settings: RepositorySettings, indexes: readonly WrittenIndex[]): string {
  const { origin, label, suite, codename, description, component, architectures, date, validUntil } = settings
  const lines = new Map<string, { readonly path: string; readonly size: number; readonly sha256: string }>()
  for (const { name, compression, size, sha256, open } of indexes) {
    lines.set(name, { path: name, ...open })
    const path = `${name}${endOf(compression)}`
    lines.set(path, { path, size, sha256 })
  }
  return renderHead(
    {
      origin,
      label,
      suite,
      codename,
      date: new Date(date * 1000).toISOString(),
      ...(validUntil === undefined ? {} : { validUntil: new Date(validUntil * 1000).toISOString() }),
      architectures,
      components: [component],
      indexes: [...lines.values()],
    },
    description,
  )
}

/** As Contents names a package: `net/hello`. */
function qualified({ section, name }: PackageRecord): string {
  return section === '' ? name : `${section}/${name}`
}

function endOf(compression: Compression): string {
  return compression === 'none' ? '' : `.${compression}`
}

function checkedPath({ record }: InspectedPackage, path: string): string {
  if (confinedPath(path) !== path || !path.startsWith('pool/') || /\s/.test(path))
    throw unwritable(`${record.name}: its file name "${path}" is not below pool/`)
  return path
}

function checkNames({ suite, component, architectures }: RepositorySettings): void {
  for (const name of [suite, component, ...architectures])
    if (!NAME.test(name)) throw unwritable(`"${name}" is no name of a suite, component or architecture`)
  if (architectures.length === 0 || architectures.includes('all') || architectures.includes(SOURCE_ARCHITECTURE))
    throw unwritable('a repository has at least one architecture, "all" is in each of them, and "source" is none')
}

function unwritable(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_UNWRITABLE', { what, cause })
}
