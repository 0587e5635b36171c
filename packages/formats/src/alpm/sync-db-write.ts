import { posix } from 'node:path'
import { compareText } from '@holotype/base'
import { fail } from '../errors.ts'
import type { RepositoryEntry } from '../repository-writer.ts'
import type { InspectedPackage } from '../types.ts'
import { renderSections } from './desc.ts'
import { recordOf, valuesOf } from './record.ts'
import { writePax } from './tar-pax.ts'

/** Bytes of a detached signature: repo-add and libalpm refuse larger ones. */
const SIGNATURE_BYTES = 16_384

/**
 * Renders a package as repo-add(8) lists it: members of a tar, the directory `name-version/` with `desc`, and in the part `files` also the
 * list of its files. The signature beside the package, where there is one, stands in desc too (%PGPSIG%, base64).
 * There is no %MD5SUM%: pacman since 4.0 takes %SHA256SUM%.
 * @throws REPOSITORY_UNWRITABLE
 */
export function renderEntry(
  inspected: InspectedPackage,
  path: string,
  companions: ReadonlyMap<string, Buffer>,
): RepositoryEntry {
  const { fields } = inspected
  const complain = (what: string) => unwritable(`${path}: ${what}`)
  const filename = posix.basename(path)
  if (filename !== path) throw complain('a package lies beside the database, in no directory')
  // The very rules of the reader: what it would refuse is not written.
  const { size, sha256 } = inspected.record
  const record = { ...recordOf({ ...valuesOf(fields), filename }, { complain }), size, sha256 }
  const signature = companions.get(`${path}.sig`)
  if (signature && signature.length > SIGNATURE_BYTES)
    throw complain(`its signature has ${signature.length} bytes; pacman takes ${SIGNATURE_BYTES}`)
  const all = (name: string) => fields.flatMap(([field, value]) => (field === name ? [value] : []))
  const one = (name: string) => all(name).slice(-1)
  const desc = renderSections(
    [
      ['FILENAME', [filename]],
      ['NAME', [record.name]],
      ['BASE', one('pkgbase')],
      ['VERSION', [record.version]],
      ['DESC', one('pkgdesc')],
      ['GROUPS', all('group')],
      ['CSIZE', [String(size)]],
      ['ISIZE', one('size')],
      ['SHA256SUM', [sha256]],
      ['PGPSIG', signature ? [signature.toString('base64')] : []],
      ['URL', one('url')],
      ['LICENSE', all('license')],
      ['ARCH', [record.architecture]],
      ['BUILDDATE', one('builddate')],
      ['PACKAGER', one('packager')],
      ['REPLACES', all('replaces')],
      ['CONFLICTS', all('conflict')],
      ['PROVIDES', all('provides')],
      ['DEPENDS', all('depend')],
      ['OPTDEPENDS', all('optdepend')],
      ['MAKEDEPENDS', all('makedepend')],
      ['CHECKDEPENDS', all('checkdepend')],
    ],
    complain,
  )
  const mtime = Number(one('builddate')[0] ?? 0)
  const directory = `${record.name}-${record.version}`
  const root = { uid: 0, gid: 0, mtime: Number.isSafeInteger(mtime) && mtime >= 0 ? mtime : 0 }
  const file = (name: string, bytes: Buffer) =>
    ({ ...root, path: `${directory}/${name}`, type: 'file', mode: 0o644, size: bytes.length, bytes }) as const
  const head = [{ ...root, path: directory, type: 'directory', mode: 0o755, size: 0 }, file('desc', desc)] as const
  return {
    record,
    parts: {
      db: writePax(head),
      files: writePax([...head, file('files', fileList(inspected))]),
    },
  }
}

/** The paths of a package's files, directories with a slash behind them, in the order of their bytes. */
function fileList({ files }: InspectedPackage): Buffer {
  const paths = files
    .filter(({ path }) => path !== '')
    .map(({ path, type }) => (type === 'directory' ? `${path}/` : path))
  paths.sort((a, b) => compareText(a, b))
  return Buffer.from(`%FILES%\n${paths.map((path) => `${path}\n`).join('')}`)
}

function unwritable(what: string): Error {
  return fail('REPOSITORY_UNWRITABLE', { what })
}
