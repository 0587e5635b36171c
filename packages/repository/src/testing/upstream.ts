import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Format, formats, poolPath, type PublishedPackage } from '@holotype/formats'
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
      const published: PublishedPackage[] = []
      for (const words of packages) {
        const path = await writeDeb(join(folder, 'built'), words)
        const { record, fields } = await format.readPackage(path)
        published.push({ record: { ...record, filename: poolPath('main', record) }, fields, path })
      }
      await format.writeRepository(
        base,
        {
          origin,
          label: origin,
          suite,
          codename: suite,
          description: 'a test',
          architectures: ['amd64'],
          component: 'main',
          date,
          ...(validUntil === undefined ? {} : { validUntil }),
          packages: published,
        },
        keyring.repositorySigner(() => new Date(date * 1000)),
      )
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
