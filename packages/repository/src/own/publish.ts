import { type Format, poolPath, type PublishedPackage, type RepositorySigner } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { ownPackages } from './state.ts'

export interface PublishOptions {
  readonly store: Store
  readonly format: Format
  /** The directory that becomes the repository: `dists/` and `pool/` for deb. */
  readonly base: string
  readonly suite: string
  readonly component: string
  readonly origin: string
  /** The architectures it has indexes for; `all` is in each of them. Packages of others are left out. */
  readonly architectures: readonly string[]
  readonly signer: RepositorySigner
  /** Seconds since the epoch. */
  readonly date: number
  /** Seconds since the epoch after which clients refuse this state; absent: never. */
  readonly validUntil?: number
}

/**
 * Publishes our own repository as its native package manager expects it, signed, its signed top last.
 * @throws REPOSITORY_VERSION_TAKEN, REPOSITORY_DIGEST_MISMATCH, REPOSITORY_UNWRITABLE, OBJECT_MISSING, DISK_FULL, and what `signer` throws
 */
export async function publishRepository(options: PublishOptions): Promise<{ readonly packages: number }> {
  const { store, format, base, suite, component, origin, architectures, signer, date, validUntil } = options
  const packages = ownPackages(store)
    .filter(({ record }) => record.architecture === 'all' || architectures.includes(record.architecture))
    .map(
      ({ record, fields }): PublishedPackage => ({
        record: { ...record, filename: poolPath(component, record) },
        fields,
        path: store.pathOf(`sha256:${record.sha256}`),
      }),
    )
  await format.writeRepository(
    base,
    {
      origin,
      label: origin,
      suite,
      codename: suite,
      description: `Packages of ${origin}`,
      architectures,
      component,
      date,
      ...(validUntil === undefined ? {} : { validUntil }),
      packages,
    },
    signer,
  )
  return { packages: packages.length }
}
