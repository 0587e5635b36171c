import { createReadStream, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type Digest, digester, digestOf, hexOf } from '@holotype/base'
import { gathered, paxParts, type PayloadToWrite, TAR_END } from '@holotype/formats'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { writeStream } from './files.ts'
import { compressedTar, rootTar, type ArchiveCompression } from './rootfs.ts'
import type { ExportSource } from './source.ts'

/*
 * An OCI image layout (image-spec 1.1, image-layout.md): one layer with the whole root for each platform, and an index that leads to the
 * platforms. What an image is for is its name; for which machine it is stands in the index, never in a tag.
 */

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: {
    none: 'application/vnd.oci.image.layer.v1.tar',
    gz: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zst: 'application/vnd.oci.image.layer.v1.tar+zstd',
  },
} as const

interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly platform?: { readonly architecture: string; readonly os: 'linux' }
  readonly annotations?: Readonly<Record<string, string>>
}

export interface OciOptions {
  /** One image for each platform. */
  readonly sources: readonly ExportSource[]
  /** An empty directory. */
  readonly directory: string
  readonly compression: ArchiveCompression
  readonly signal?: AbortSignal
}

/** Writes a layout. @throws OBJECT_MISSING, OBJECT_CORRUPT, DISK_FULL */
export async function writeOciLayout({ sources, directory, compression, signal }: OciOptions): Promise<void> {
  const blobs = join(directory, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const manifests: Descriptor[] = []
  for (const source of sources) {
    signal?.throwIfAborted()
    manifests.push(await writeManifest(source, blobs, compression))
  }
  const name = sources[0]?.manifest.name ?? ''
  const index = putBlob(blobs, MEDIA.index, { schemaVersion: 2, mediaType: MEDIA.index, manifests })
  const annotations = { 'org.opencontainers.image.ref.name': name }
  const entry = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [{ ...index, annotations }] }
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(directory, 'index.json'), canonicalJson(entry))
}

async function writeManifest(
  source: ExportSource,
  blobs: string,
  compression: ArchiveCompression,
): Promise<Descriptor> {
  const { manifest, image, store } = source
  const platform = { architecture: source.platform, os: 'linux' } as const
  const { layer, diffId } = await writeLayer(source, blobs, compression)
  const created = new Date(source.epoch * 1000).toISOString().replace('.000Z', 'Z')
  const description = descriptionOf(store, manifest.spec)
  const annotations = {
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.title': manifest.name,
    'org.opencontainers.image.version': hexOf(image).slice(0, 12),
    'org.opencontainers.image.revision': image,
    ...(description ? { 'org.opencontainers.image.description': description } : {}),
  }
  const config = putBlob(blobs, MEDIA.config, {
    created,
    ...platform,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/bin/sh'],
      Labels: annotations,
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: `holotype ${image}` }],
  })
  const written = putBlob(blobs, MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config,
    layers: [layer],
    annotations,
  })
  return { ...written, platform }
}

/** The layer and the digest of its uncompressed bytes, in one pass over the store. */
async function writeLayer(
  source: ExportSource,
  blobs: string,
  compression: ArchiveCompression,
): Promise<{ layer: Descriptor; diffId: Digest }> {
  const [raw, packed] = [digester(), digester()]
  const temporary = join(blobs, 'layer')
  let size = 0
  await writeStream(
    temporary,
    counted(
      compressedTar(
        counted(rootTar(source), (chunk) => raw.update(chunk)),
        compression,
      ),
      (chunk) => {
        packed.update(chunk)
        size += chunk.length
      },
    ),
  )
  const digest = packed.digest()
  renameSync(temporary, join(blobs, hexOf(digest)))
  return { layer: { mediaType: MEDIA.layer[compression], digest, size }, diffId: raw.digest() }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  look: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    look(chunk)
    yield chunk
  }
}

function putBlob(blobs: string, mediaType: string, value: unknown): Descriptor {
  const bytes = Buffer.from(canonicalJson(value))
  const digest = digestOf(bytes)
  writeFileSync(join(blobs, hexOf(digest)), bytes)
  return { mediaType, digest, size: bytes.length }
}

const specSchema = z.looseObject({ description: z.string().optional() })

function descriptionOf(store: Store, spec: Digest): string | undefined {
  return specSchema.safeParse(store.readJson(spec)).data?.description || undefined
}

/** The same layout as one tar archive, as `podman load` and `skopeo oci-archive:` read it. */
export function ociArchive(directory: string, epoch: number): AsyncGenerator<Uint8Array, void, undefined> {
  return gathered(archiveParts(directory, epoch))
}

function* archiveParts(directory: string, mtime: number) {
  yield* paxParts(archiveMembers(directory, '', mtime))
  yield TAR_END
}

function* archiveMembers(directory: string, base: string, mtime: number): Generator<PayloadToWrite> {
  const metadata = { uid: 0, gid: 0, mtime } as const
  for (const name of readdirSync(join(directory, base)).sort()) {
    const path = base === '' ? name : `${base}/${name}`
    const place = join(directory, path)
    const facts = statSync(place)
    if (facts.isDirectory()) {
      yield { path, type: 'directory', mode: 0o755, size: 0, ...metadata }
      yield* archiveMembers(directory, path, mtime)
    } else yield { path, type: 'file', mode: 0o644, size: facts.size, ...metadata, open: () => createReadStream(place) }
  }
}
