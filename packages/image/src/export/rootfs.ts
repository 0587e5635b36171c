import { chmodSync, mkdirSync, openSync, closeSync, readSync, writeSync } from 'node:fs'
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
  readonly scratch: string
  readonly signal?: AbortSignal
}

/** A squashfs of the root, which needs no root: `mksquashfs` reads the tar. @throws PROCESS_*, OBJECT_MISSING, OBJECT_CORRUPT */
export async function writeSquashfs({ source, file, signal }: RootFileOptions): Promise<void> {
  // Without SOURCE_DATE_EPOCH in its environment: it would cut the files' times too.
  const options = [
    '-comp',
    'zstd',
    '-Xcompression-level',
    '9',
    '-mkfs-time',
    String(source.epoch),
    '-no-progress',
    '-quiet',
  ]
  await run(['mksquashfs', '-', file, '-tar', ...options], {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    input: rootTar(source),
    timeoutMs: EXPORT_TIMEOUT_MS,
    ...(signal ? { signal } : {}),
  })
}

/**
 * An erofs of the root. Its maker takes a directory alone, in which two files that are alike must not be one: GNU tar lays it out.
 * @throws IMAGE_ROOT_NEEDED, PROCESS_*, OBJECT_MISSING, OBJECT_CORRUPT
 */
export async function writeErofs({ source, file, scratch, signal }: RootFileOptions): Promise<void> {
  if (process.getuid?.() !== 0)
    throw fail('IMAGE_ROOT_NEEDED', { what: 'an erofs is made from a laid-out root, which needs root' })
  const root = join(scratch, 'erofs')
  mkdirSync(root, { mode: 0o700 })
  const limits = {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    timeoutMs: EXPORT_TIMEOUT_MS,
    ...(signal ? { signal } : {}),
  }
  const place = join(root, 'root')
  mkdirSync(place)
  await run(['tar', '-x', '-p', '--numeric-owner', '--same-owner', '--xattrs', '--xattrs-include=*', '-C', place], {
    ...limits,
    input: rootTar(source),
  })
  chmodSync(place, source.manifest.root.mode)
  await run(['mkfs.erofs', '-zlz4hc', '-U', uuidOf(source.image, 'erofs'), '-x', '1', '--quiet', file, place], limits)
  dateErofs(file, source.epoch)
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
