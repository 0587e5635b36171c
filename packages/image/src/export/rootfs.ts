import { closeSync, existsSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { type Compression, compressed, gathered, paxParts, type PayloadToWrite, TAR_END } from '@holotype/formats'
import { fail } from '../errors.ts'
import { EXPORT_TIMEOUT_MS } from '../limits.ts'
import { crc32c } from './crc32c.ts'
import { uuidOf } from './identifiers.ts'
import { type ExportSource, membersOf } from './source.ts'

/** How an archive is compressed, and the end of its name. */
export type ArchiveCompression = Extract<Compression, 'none' | 'gz' | 'zst'>

/** The level that is past the knee of size against time. */
const LEVELS = { none: 0, gz: 6, zst: 9 } as const

/** An image's root as a tar archive: PAX, in the order of the tree, hard links as such. @throws OBJECT_MISSING, OBJECT_CORRUPT */
export function rootTar(source: ExportSource): AsyncGenerator<Uint8Array, void, undefined> {
  return gathered(parts(membersOf(source)))
}

function* parts(members: Iterable<PayloadToWrite>) {
  yield* paxParts(members)
  yield TAR_END
}

export function compressedTar(
  chunks: AsyncIterable<Uint8Array>,
  compression: ArchiveCompression,
): AsyncGenerator<Uint8Array, void, undefined> {
  return compressed(chunks, { compression, level: LEVELS[compression] })
}

export interface RootFileOptions {
  readonly source: ExportSource
  /** The file to make. */
  readonly file: string
  /** A directory where the root is laid out, once for all that are made from it. */
  readonly scratch: string
  readonly signal?: AbortSignal
}

/** A squashfs of the root. @throws IMAGE_ROOT_NEEDED, PROCESS_*, OBJECT_MISSING, OBJECT_CORRUPT */
export async function writeSquashfs(options: RootFileOptions): Promise<void> {
  // Without SOURCE_DATE_EPOCH in its environment: it would cut the files' times too.
  const made = ['-comp', 'zstd', '-Xcompression-level', '9', '-mkfs-time', String(options.source.epoch)]
  await run(
    ['mksquashfs', await layOutFiles(options), options.file, ...made, '-no-progress', '-quiet'],
    limitsOf(options),
  )
}

/** An erofs of the root. @throws IMAGE_ROOT_NEEDED, PROCESS_*, OBJECT_MISSING, OBJECT_CORRUPT */
export async function writeErofs(options: RootFileOptions): Promise<void> {
  const { source, file } = options
  const place = await layOutFiles(options)
  await run(
    ['mkfs.erofs', '-zlz4hc', '-U', uuidOf(source.image, 'erofs'), '-x', '1', '--quiet', file, place],
    limitsOf(options),
  )
  dateErofs(file, source.epoch)
}

/**
 * Lays the root out by GNU tar. Not `layOut`: there two files that are alike are one, and these makers would take them for hard links. Not
 * the makers' own reading of tar: mkfs.erofs 1.5 has none, and mksquashfs 4.5.1 takes the first slash from a link of more than 100 bytes.
 */
async function layOutFiles(options: RootFileOptions): Promise<string> {
  if (process.getuid?.() !== 0)
    throw fail('IMAGE_ROOT_NEEDED', { what: 'a squashfs or erofs is made from a laid-out root, which needs root' })
  const above = join(options.scratch, 'laid-out')
  const place = join(above, 'root')
  if (existsSync(place)) return place
  // Nobody else may run the set-user-id programs below it.
  mkdirSync(above, { mode: 0o700 })
  mkdirSync(place)
  const taken = ['-p', '--numeric-owner', '--same-owner', '--xattrs', '--xattrs-include=*']
  await run(['tar', '-x', ...taken, '-C', place], { ...limitsOf(options), input: rootTar(options.source) })
  return place
}

function limitsOf({ signal }: RootFileOptions) {
  return { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' }, timeoutMs: EXPORT_TIMEOUT_MS, ...(signal ? { signal } : {}) }
}

const SUPERBLOCK = 1024
const BLOCK = 4096

/**
 * Puts the time of the image in the place of the time of day. mkfs.erofs's own option would date every file too. (Linux,
 * Documentation/filesystems/erofs, struct erofs_super_block: checksum at 4, build_time at 24, its nanoseconds at 32; the checksum is CRC-32C
 * of the superblock to the end of its block, its own field being zero.)
 */
function dateErofs(file: string, epoch: number): void {
  const opened = openSync(file, 'r+')
  try {
    const block = Buffer.alloc(BLOCK - SUPERBLOCK)
    readSync(opened, block, 0, block.length, SUPERBLOCK)
    if (block.readUInt32LE(0) !== 0xe0f5e1e2) throw fail('EXPORT_FAILED', { what: 'mkfs.erofs made no erofs' })
    block.writeBigUInt64LE(BigInt(epoch), 24)
    block.writeUInt32LE(0, 32)
    if (block.readUInt32LE(8) & 1) {
      block.writeUInt32LE(0, 4)
      block.writeUInt32LE(crc32c(block), 4)
    }
    writeSync(opened, block, 0, block.length, SUPERBLOCK)
  } finally {
    closeSync(opened)
  }
}
