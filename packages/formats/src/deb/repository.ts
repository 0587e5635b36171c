import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { digester, digestOf, failBase, hexOf } from '@holotype/base'
import { confinedPath } from '../archive/path.ts'
import { xz } from '../archive/xz.ts'
import { fail } from '../errors.ts'
import { BY_HASH_GENERATIONS, READ_CHUNK_BYTES } from '../limits.ts'
import type { RepositorySettings, RepositorySigner } from '../repository-writer.ts'
import type { RepositoryIndex } from '../upstream-reader.ts'
import { renderPackages } from './packages-write.ts'
import { renderHead } from './release.ts'
import { keyOf, type PublishedPackage, readHead, readRepository } from './repository-read.ts'
import { applyStep, type RepositoryStep } from './repository-steps.ts'

/** The whole content of one component of a suite. */
export interface RepositoryToWrite extends RepositorySettings {
  readonly packages: readonly PublishedPackage[]
}

/**
 * Publishes one component of a suite of an apt repository below `base` (Debian RepositoryFormat). Everything is made, checked and signed
 * before the first byte is written; then package files, indexes by hash, indexes by name, Release, Release.gpg, and last InRelease, each by
 * an atomic rename. A client that reads InRelease fetches indexes by hash and sees the old state or the new one, whenever the publisher
 * stops. One publisher at a time: the caller holds the lock.
 *
 * `repository.packages` is the whole content of the component; what is not in it leaves the index, its file stays in the pool.
 * @throws REPOSITORY_VERSION_TAKEN, REPOSITORY_DIGEST_MISMATCH, REPOSITORY_UNWRITABLE, REPOSITORY_MALFORMED, DISK_FULL, and what `signer` throws
 */
export async function writeRepository(
  base: string,
  repository: RepositoryToWrite,
  signer: RepositorySigner,
): Promise<void> {
  for (const step of await planRepository(base, repository, signer)) applyStep(base, step)
}

/** The steps of a publication, in the only order that is safe. Nothing is written yet. */
export async function planRepository(
  base: string,
  repository: RepositoryToWrite,
  signer: RepositorySigner,
): Promise<readonly RepositoryStep[]> {
  checkNames(repository)
  const files = checkPackages(base, repository)
  const top = `dists/${repository.suite}`
  const indexes = await renderIndexes(repository)
  const text = releaseText(base, repository, indexes)
  const detached = await signer.detachSign(text)
  const inline = await signer.clearSign(text)
  const directories = [...new Set(indexes.map(({ index }) => directoryOf(index.path)))]
  return [
    ...files,
    ...indexes.map(({ index, bytes }) => write(`${top}/${byHash(index)}`, bytes)),
    ...indexes.map(({ index, bytes }) => write(`${top}/${index.path}`, bytes)),
    write(`${top}/Release`, Buffer.from(text)),
    write(`${top}/Release.gpg`, Buffer.from(detached)),
    write(`${top}/InRelease`, Buffer.from(inline)),
    ...directories.map((directory): RepositoryStep => {
      const current = indexes.filter(({ index }) => directoryOf(index.path) === directory)
      return {
        kind: 'prune',
        directory: `${top}/${directory}/by-hash/SHA256`,
        keep: new Set(current.map(({ index }) => index.sha256)),
        newest: BY_HASH_GENERATIONS * current.length,
      }
    }),
  ]
}

interface RenderedIndex {
  readonly index: RepositoryIndex
  readonly bytes: Buffer
}

async function renderIndexes(repository: RepositoryToWrite): Promise<RenderedIndex[]> {
  const rendered: RenderedIndex[] = []
  for (const architecture of repository.architectures) {
    // Packages for every architecture stand in each index: the Release file names no architecture `all`.
    const own = repository.packages.filter(
      ({ record }) => record.architecture === architecture || record.architecture === 'all',
    )
    const plain = Buffer.from(renderPackages(own))
    const path = `${repository.component}/binary-${architecture}/Packages`
    const forms = [
      { path, bytes: plain },
      { path: `${path}.gz`, bytes: await promisify(gzip)(plain, { level: 9 }) },
      { path: `${path}.xz`, bytes: await xz(plain) },
    ]
    for (const form of forms)
      rendered.push({
        index: { path: form.path, size: form.bytes.length, sha256: hexOf(digestOf(form.bytes)) },
        bytes: form.bytes,
      })
  }
  return rendered
}

function releaseText(base: string, repository: RepositoryToWrite, indexes: readonly RenderedIndex[]): string {
  const { component, suite, codename, origin, label, architectures, date, validUntil } = repository
  // Other components of the suite stay as they are published.
  const before = readHead(base, suite)
  const others = before?.components.filter((name) => name !== component) ?? []
  const kept = before?.indexes.filter(({ path }) => others.includes(path.split('/')[0] ?? '')) ?? []
  return renderHead(
    {
      origin,
      label,
      suite,
      codename,
      date: new Date(date * 1000).toISOString(),
      ...(validUntil === undefined ? {} : { validUntil: new Date(validUntil * 1000).toISOString() }),
      architectures: [...new Set([...architectures, ...(others.length > 0 ? (before?.architectures ?? []) : [])])],
      components: [...others, component].sort(),
      indexes: [...kept, ...indexes.map(({ index }) => index)],
    },
    repository.description,
  )
}

function checkNames({ suite, component, architectures, packages }: RepositoryToWrite): void {
  for (const name of [suite, component, ...architectures])
    if (!/^[a-z0-9][a-z0-9.+-]*$/i.test(name))
      throw unwritable(`"${name}" is no name of a suite, component or architecture`)
  if (architectures.length === 0 || architectures.includes('all'))
    throw unwritable('a repository has at least one architecture, and "all" is in each of them')
  for (const { record } of packages) {
    const { filename, architecture, sha256, name } = record
    if (confinedPath(filename) !== filename || !filename.startsWith('pool/'))
      throw unwritable(`${name}: its file name "${filename}" is not below pool/`)
    if (architecture !== 'all' && !architectures.includes(architecture))
      throw unwritable(`${name}: the repository has no architecture ${architecture}`)
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw unwritable(`${name}: it has no SHA-256`)
  }
}

/** The package files to put in place. A version that clients may know already keeps its bytes for ever. */
function checkPackages(base: string, { packages, suite, component }: RepositoryToWrite): RepositoryStep[] {
  const published = new Map(readRepository(base, suite, component).map(({ record }) => [keyOf(record), record]))
  const seen = new Map<string, string>()
  const steps: RepositoryStep[] = []
  for (const { record, path } of packages) {
    const key = keyOf(record)
    const before = published.get(key)
    if ((before && before.sha256 !== record.sha256) || (seen.get(key) ?? record.sha256) !== record.sha256)
      throw taken(key)
    const inPool = seen.get(record.filename) ?? record.sha256
    if (inPool !== record.sha256) throw taken(record.filename)
    const again = seen.has(record.filename)
    seen.set(key, record.sha256).set(record.filename, record.sha256)
    if (again) continue
    const target = join(base, record.filename)
    if (existsSync(target)) {
      // What the current index names was checked when it was published.
      const known = before?.filename === record.filename && statSync(target).size === record.size
      if (!known && hashFile(target) !== record.sha256) throw taken(key)
    } else {
      checkFile({ record, path })
      steps.push({ kind: 'link', from: path, to: record.filename })
    }
  }
  return steps
}

function checkFile({ record, path }: Pick<PublishedPackage, 'record' | 'path'>): void {
  if (hashFile(path) !== record.sha256 || statSync(path).size !== record.size)
    throw fail('REPOSITORY_DIGEST_MISMATCH', { what: `${path} is not the ${keyOf(record)} that its record describes` })
}

function hashFile(path: string): string {
  const hash = digester()
  const buffer = Buffer.allocUnsafe(READ_CHUNK_BYTES)
  try {
    const file = openSync(path, 'r')
    try {
      for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer))
        hash.update(buffer.subarray(0, read))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${path}`, cause: error })
  }
  return hexOf(hash.digest())
}

function write(to: string, bytes: Buffer): RepositoryStep {
  return { kind: 'write', to, bytes }
}

function byHash(index: RepositoryIndex): string {
  return `${directoryOf(index.path)}/by-hash/SHA256/${index.sha256}`
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function taken(what: string): Error {
  return fail('REPOSITORY_VERSION_TAKEN', { what: `${what} is published already with other bytes` })
}

function unwritable(what: string): Error {
  return fail('REPOSITORY_UNWRITABLE', { what })
}
