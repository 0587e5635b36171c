import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Digest, type Progress, runTask, withDirectoryLock, writeFileAtomic } from '@holotype/base'
import type { Store } from '@holotype/store'
import { fileDigests, type MinisignKey } from '@holotype/trust'
import { fail } from '../errors.ts'
import { type DiskFormOptions, writeCloudArchive, writeQcow2, writeVhd, writeVmdk } from './disk-forms.ts'
import { writeDisk } from './disk.ts'
import { writeStream } from './files.ts'
import { ociArchive, writeOciLayout } from './oci.ts'
import { type ArchiveCompression, compressedTar, rootTar, writeErofs, writeSquashfs } from './rootfs.ts'
import {
  commentOf,
  directoryOf,
  type ListedFile,
  listFiles,
  movePointer,
  PUBLIC_KEY,
  SIGNATURE,
  writeSums,
} from './signed-list.ts'
import { type ExportSource, openSource } from './source.ts'

/** The forms an image is exported in. */
const EXPORT_KINDS = ['tar', 'oci', 'oci-archive', 'squashfs', 'erofs', 'raw', 'qcow2', 'vhd', 'vmdk', 'cloud'] as const
export type ExportKind = (typeof EXPORT_KINDS)[number]

export interface ExportOptions {
  readonly store: Store
  readonly image: Digest
  /** The same image for other platforms: they join its OCI index, and no other form. */
  readonly platforms?: readonly Digest[]
  readonly kinds: readonly ExportKind[]
  /** Of `tar` (absent: zst) and of OCI layers (absent: gz, which every registry takes). */
  readonly compression?: ArchiveCompression
  /** The directory of all exports: `NAME/sha256-…/` is made below it, and `NAME/candidate` leads there. */
  readonly out: string
  readonly key: MinisignKey
  readonly progress: Progress
  /** Aborted: nothing is left under a final name that was not complete. */
  readonly signal?: AbortSignal
}

export interface Exported {
  readonly image: Digest
  readonly directory: string
  /** What was made this time; of an OCI layout each of its files. */
  readonly files: readonly (ListedFile & { readonly bytes: number })[]
}

const NAME = /^[a-z0-9][a-z0-9+.-]{0,62}$/
const STAGING = '.staging-'

/**
 * Writes an image in the forms asked for, each with its signature, lists them in a signed SHA256SUMS and makes the image the candidate of
 * its name. Everything is written beside and gets its name when it is whole: first a file's signature, then the file, then the list, last the pointer.
 * Same image, same bytes, under the same versions of the programs that write (README).
 * @throws EXPORT_FAILED, EXPORT_NOT_BOOTABLE, EXPORT_BUSY, IMAGE_ROOT_NEEDED, IMAGE_MALFORMED, OBJECT_MISSING, OBJECT_CORRUPT, DISK_FULL, PROCESS_*
 */
export async function exportImage(options: ExportOptions): Promise<Exported> {
  const { store, image, out, key } = options
  const source = openSource(store, image)
  const { name } = source.manifest
  if (!isExportName(name)) throw fail('EXPORT_FAILED', { what: `${JSON.stringify(name)} is no name for files` })
  const base = join(out, name)
  const directory = join(base, directoryOf(image))
  mkdirSync(directory, { recursive: true })
  return await withDirectoryLock({ directory: base, purpose: 'exports', busy }, async () => {
    // Nobody else is here: what lies there is of one that was killed.
    for (const left of readdirSync(base))
      if (left.startsWith(STAGING)) rmSync(join(base, left), { recursive: true, force: true })
    const staging = mkdtempSync(join(base, STAGING))
    try {
      const made = await makeAll(options, source, staging)
      const files: Exported['files'][number][] = []
      for (const top of made) files.push(...(await placeSigned({ top, staging, directory, image, key })))
      writeSums(directory, { files, key, comment: `image ${image}` })
      writeFileAtomic(join(out, PUBLIC_KEY), key.publicKey())
      movePointer(base, 'candidate', image)
      return { image, directory, files }
    } finally {
      rmSync(staging, { recursive: true, force: true })
    }
  })
}

/** A name that is one part of a path. */
export function isExportName(name: string): boolean {
  return NAME.test(name)
}

export function busy(cause: unknown): Error {
  return fail('EXPORT_BUSY', { what: 'another process works on the exports of this image', cause })
}

/** Makes each form in the staging directory; their names there. */
async function makeAll(options: ExportOptions, source: ExportSource, staging: string): Promise<string[]> {
  const { kinds, progress, signal } = options
  const work = join(staging, 'work')
  mkdirSync(work)
  const made: string[] = []
  let raw: string | undefined
  const step = (title: string, make: () => Promise<void>) => runTask(progress, { title }, make)
  for (const kind of EXPORT_KINDS) {
    if (!kinds.includes(kind)) continue
    signal?.throwIfAborted()
    const scratch = join(work, kind)
    mkdirSync(scratch)
    const abort = signal ? { signal } : {}
    if (isDisk(kind) && raw === undefined) {
      const disk = join(work, 'disk.raw')
      await step('write the disk', () => writeDisk({ source, file: disk, scratch, ...abort }))
      raw = disk
    }
    const name = nameOf(kind, source, options.compression)
    const file = join(staging, name)
    await step(`write ${name}`, () =>
      isDisk(kind)
        ? DISK_WRITERS[kind]({ source, raw: raw ?? '', file, scratch, ...abort })
        : writeRoot(kind, { ...options, source, file, scratch }),
    )
    made.push(name)
  }
  // Last: the other forms were made of it.
  if (raw !== undefined && kinds.includes('raw')) {
    const name = nameOf('raw', source, undefined)
    renameSync(raw, join(staging, name))
  }
  rmSync(work, { recursive: true, force: true })
  return made
}

type DiskKind = Extract<ExportKind, 'raw' | 'qcow2' | 'vhd' | 'vmdk' | 'cloud'>

const DISK_WRITERS: Readonly<Record<DiskKind, (options: DiskFormOptions) => Promise<void>>> = {
  raw: () => Promise.resolve(),
  qcow2: writeQcow2,
  vhd: writeVhd,
  vmdk: writeVmdk,
  cloud: writeCloudArchive,
}

function isDisk(kind: ExportKind): kind is DiskKind {
  return kind in DISK_WRITERS
}

const ENDINGS = { none: '', gz: '.gz', zst: '.zst' } as const

function nameOf(kind: ExportKind, { manifest }: ExportSource, compression: ArchiveCompression | undefined): string {
  const platform = `${manifest.name}-${manifest.architecture}`
  switch (kind) {
    case 'tar':
      return `${platform}.tar${ENDINGS[compression ?? 'zst']}`
    // The index within names the platforms.
    case 'oci':
      return `${manifest.name}.oci`
    case 'oci-archive':
      return `${manifest.name}.oci.tar`
    case 'cloud':
      return `${platform}.cloud.tar.gz`
    default:
      return `${platform}.${kind}`
  }
}

interface RootOptions extends ExportOptions {
  readonly source: ExportSource
  readonly file: string
  readonly scratch: string
}

async function writeRoot(kind: Exclude<ExportKind, DiskKind>, options: RootOptions): Promise<void> {
  const { source, file, scratch, compression, store, platforms = [], signal } = options
  const abort = signal ? { signal } : {}
  switch (kind) {
    case 'tar':
      return await writeStream(file, compressedTar(rootTar(source), compression ?? 'zst'))
    case 'squashfs':
      return await writeSquashfs({ source, file, scratch: dirname(scratch), ...abort })
    case 'erofs':
      return await writeErofs({ source, file, scratch: dirname(scratch), ...abort })
    case 'oci':
    case 'oci-archive': {
      const sources = [source, ...platforms.map((image) => openSource(store, image))]
      const seen = new Set(sources.map(({ platform }) => platform))
      if (seen.size < sources.length)
        throw fail('EXPORT_FAILED', { what: 'two images of one index are for the same platform' })
      const directory = kind === 'oci' ? file : join(scratch, 'layout')
      mkdirSync(directory)
      await writeOciLayout({ sources, directory, compression: compression ?? 'gz', ...abort })
      if (kind === 'oci-archive') await writeStream(file, ociArchive(directory, source.epoch))
    }
  }
}

interface Placing {
  readonly top: string
  readonly staging: string
  readonly directory: string
  readonly image: Digest
  readonly key: MinisignKey
}

/** Gives a file or a directory its final name, its signature first. Of a layout `index.json` is signed: the digests below it lead to all else. */
async function placeSigned({ top, staging, directory, image, key }: Placing): Promise<Exported['files'][number][]> {
  const place = join(staging, top)
  const isDirectory = lstatSync(place).isDirectory()
  const signed = isDirectory ? `${top}/index.json` : top
  const { blake2b, sha256 } = await fileDigests(join(staging, signed))
  const signature = key.signDigest(blake2b, commentOf(image, signed))
  if (isDirectory) {
    writeFileSync(join(staging, `${signed}${SIGNATURE}`), signature)
    const old = join(staging, 'replaced')
    if (existsSync(join(directory, top))) renameSync(join(directory, top), old)
  } else writeFileAtomic(join(directory, `${top}${SIGNATURE}`), signature)
  const listed = isDirectory ? await listFiles(staging, top) : [{ path: top, sha256 }]
  const files = listed.filter(({ path }) => !path.endsWith(SIGNATURE))
  const sized = files.map((file) => ({ ...file, bytes: lstatSync(join(staging, file.path)).size }))
  renameSync(place, join(directory, top))
  rmSync(join(staging, 'replaced'), { recursive: true, force: true })
  return sized
}
