import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf, hexOf } from '@holotype/base'
import {
  compress,
  type Format,
  formats,
  inspectPackage,
  type RepositoryEntry,
  type RepositorySettings,
  type WrittenIndex,
} from '@holotype/formats'
import { createKeyring, type Keyring } from '@holotype/trust'
import type { HostSource } from '../types.ts'

/** Seconds since the epoch: when the test repositories are dated, and when their keys were made. */
export const THEN = 1_750_000_000
export const NOW = (THEN + 3600) * 1000

/** What a test says of a package. */
export interface PackageWords {
  readonly name: string
  readonly version?: string
  readonly architecture?: string
  readonly depends?: string
  readonly content?: string
}

/** Writes a small .deb and gives back its path. */
export async function writeDeb(folder: string, words: PackageWords): Promise<string> {
  const { name, version = '1.0', architecture = 'amd64', depends, content = name } = words
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}_${version.replace(':', '.')}_${architecture}_${content.length}.deb`)
  const bytes = Buffer.from(content)
  await formats.deb.writePackage(path, {
    fields: [
      ['Package', name],
      ['Version', version],
      ['Architecture', architecture],
      ['Maintainer', 'Test <test@example.org>'],
      ...(depends === undefined ? [] : [['Depends', depends] as const]),
      ['Description', `the package ${name}`],
    ],
    control: new Map(),
    payload: [
      { path: `usr/share/${name}`, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes },
    ],
    epoch: THEN,
  })
  return path
}

export interface TestUpstream {
  readonly base: string
  readonly keyring: Keyring
  /** The archive's public key, armored. */
  readonly key: string
  /** Publishes these packages as the whole suite. */
  publish(packages: readonly PackageWords[], options?: PublishWords): Promise<void>
  /** The suite as a machine that trusts its key would have it in its sources. */
  source(uri: string, more?: Partial<HostSource>): HostSource
}

interface PublishWords {
  readonly suite?: string
  readonly origin?: string
  readonly date?: number
  readonly validUntil?: number
}

/** A distribution's archive: a real repository, really signed. */
export async function makeUpstream(folder: string, format: Format = formats.deb): Promise<TestUpstream> {
  const base = join(folder, 'archive')
  const keyring = await createKeyring(join(folder, 'keys'), { now: new Date((THEN - 3600) * 1000) })
  const { armored } = await keyring.openPgpPublicKey()
  return {
    base,
    keyring,
    key: armored,
    async publish(packages, { suite = 'trixie', origin = 'Debian', date = THEN, validUntil } = {}) {
      const files = await Promise.all(packages.map((words) => writeDeb(join(folder, 'built'), words)))
      const settings = {
        origin,
        label: origin,
        suite,
        codename: suite,
        description: 'a test',
        architectures: ['amd64'],
        component: 'main',
        date,
        ...(validUntil === undefined ? {} : { validUntil }),
      }
      const archive = { base, format, settings }
      const entries = await Promise.all(files.map((file) => addPackage(archive, file)))
      const indexes = await writeIndexes(archive, entries)
      const signer = keyring.repositorySigner(() => new Date(date * 1000))
      for (const { path, content } of await format.repository.tops(settings, indexes, signer)) {
        if (Buffer.isBuffer(content)) put(join(base, path), content)
        else copyFileSync(content.file, join(base, path))
      }
    },
    source: (uri, more = {}) => ({
      pocket: 'release',
      uri,
      suite: 'trixie',
      components: ['main'],
      keyrings: [armored],
      origin: 'debian',
      checkValidUntil: true,
      where: 'test:1',
      ...more,
    }),
  }
}

interface Archive {
  readonly base: string
  readonly format: Format
  readonly settings: RepositorySettings
}

async function addPackage({ base, format, settings }: Archive, file: string): Promise<RepositoryEntry> {
  const inspected = await inspectPackage(format, file)
  const path = format.repository.packagePath(inspected.record, settings.component)
  mkdirSync(dirname(join(base, path)), { recursive: true })
  copyFileSync(file, join(base, path))
  return format.repository.renderEntry(inspected, path, new Map())
}

/** Each index by its hash, in the forms that distributions have. */
async function writeIndexes(
  { base, format, settings }: Archive,
  entries: readonly RepositoryEntry[],
): Promise<WrittenIndex[]> {
  const written: WrittenIndex[] = []
  for (const { name, part, opening, closing, path } of format.repository.indexes(settings)) {
    const parts = entries.map(({ parts }) => parts[part] ?? Buffer.alloc(0))
    const size = parts.reduce((sum, { length }) => sum + length, 0)
    const bytes = Buffer.concat([opening(parts.length, size), ...parts, closing(parts.length, size)])
    const open = { size: bytes.length, sha256: hexOf(digestOf(bytes)) }
    for (const compression of ['none', 'gz', 'xz'] as const) {
      const packed = await compress(bytes, { compression, level: 6 })
      const sha256 = hexOf(digestOf(packed))
      const file = join(base, path?.(compression, sha256) ?? name)
      put(file, packed)
      written.push({ name, compression, size: packed.length, sha256, open, file })
    }
  }
  return written
}

function put(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}
