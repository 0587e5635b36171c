import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, errnoOf, failBase, hexOf } from '@holotype/base'
import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { PackageRecord } from '../types.ts'
import type { RepositoryHead, RepositoryIndex } from '../upstream-reader.ts'
import { parseStanzas, type Stanza } from './control.ts'
import { recordOf, valuesOf } from './record.ts'
import { clearSignedText, parseHead } from './release.ts'

/** A package as an index lists it, with where its file is. */
export interface PublishedPackage {
  readonly record: PackageRecord
  /** The control fields of the package itself. */
  readonly fields: Stanza
  /** The package file on this machine. */
  readonly path: string
}

/** Fields that an index adds to a package's own. */
const INDEX_FIELDS = new Set(['filename', 'size', 'md5sum', 'sha1', 'sha256', 'sha512'])

/** Where a package's file lies below a repository's base: `pool/main/h/hello/hello_2.10-3_amd64.deb`. As in Debian, the name has no epoch. */
export function poolPath(component: string, record: PackageRecord): string {
  const { name, version, architecture, source } = record
  const prefix = /^lib./.test(source) ? source.slice(0, 4) : source.slice(0, 1)
  return `pool/${component}/${prefix}/${source}/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
}

/**
 * What a repository of ours has published in one component, by its current InRelease: every package once, sorted as the indexes are,
 * `path` being its file in the pool. Empty if nothing is published yet. The signature is not checked: it is our own disk.
 * @throws REPOSITORY_MALFORMED if an index is missing or is not the one that InRelease names
 */
export function readRepository(base: string, suite: string, component: string): PublishedPackage[] {
  const head = readHead(base, suite)
  if (!head) return []
  const published = new Map<string, PublishedPackage>()
  for (const index of head.indexes) {
    const [inside, directory, file, ...rest] = index.path.split('/')
    if (inside !== component || !directory?.startsWith('binary-') || file !== 'Packages' || rest.length > 0) continue
    for (const found of readIndex(base, suite, index)) published.set(keyOf(found.record), found)
  }
  return [...published.values()]
}

/** What a package version is known by. */
export function keyOf(record: PackageRecord): string {
  return `${record.name} ${record.version} ${record.architecture}`
}

/** The suite's current top, undefined if there is none. */
export function readHead(base: string, suite: string): RepositoryHead | undefined {
  const path = join(base, 'dists', suite, 'InRelease')
  let message: string
  try {
    message = readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${path}`, cause: error })
  }
  return parseHead(clearSignedText(message))
}

function readIndex(base: string, suite: string, index: RepositoryIndex): PublishedPackage[] {
  // By its hash: the plain name may belong to another generation already.
  const path = join(base, 'dists', suite, index.path.replace(/[^/]+$/, ''), 'by-hash', 'SHA256', index.sha256)
  let bytes: Buffer
  try {
    if (statSync(path).size > INDEX_BYTES) throw new Error(`larger than ${INDEX_BYTES} bytes`)
    bytes = readFileSync(path)
  } catch (error) {
    throw malformed(`the index ${path} cannot be read`, error)
  }
  if (hexOf(digestOf(bytes)) !== index.sha256) throw malformed(`the index ${path} is damaged`)
  return parseStanzas(bytes.toString('utf8')).map((stanza) => {
    const record = recordOf(valuesOf(stanza), { complain: malformed })
    return {
      record,
      fields: stanza.filter(([name]) => !INDEX_FIELDS.has(name.toLowerCase())),
      path: join(base, record.filename),
    }
  })
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what, cause })
}
