import { closeSync, fsyncSync, ftruncateSync, openSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { fail } from '../errors.ts'
import { type BootLoader, makeBootLoader } from './boot-loader.ts'
import { writeExt4 } from './ext4.ts'
import { DISK_EDGE, PARTITION_TYPES, type Partition, partitionTable, SECTOR } from './gpt.ts'
import { uuidBytes, uuidOf } from './identifiers.ts'
import type { ExportSource } from './source.ts'

/*
 * A whole disk that BIOS and UEFI both boot: a GPT with a partition for GRUB's core image, an EFI system partition and the root in ext4.
 * Its size is whole GiB, as one large cloud demands; at first boot the root may be grown by the node.
 */

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const CORE = { offset: DISK_EDGE, size: MIB }
const ESP = { offset: 2 * MIB, size: 62 * MIB }
/** Bytes before the root file system. */
export const ROOT_OFFSET = 64 * MIB
/** Bytes free for what a node writes, before the size is rounded up. */
const FREE = 256 * MIB
/** Bytes of the file system's own for each path. */
const PATH_BYTES = 1024

export interface DiskOptions {
  readonly source: ExportSource
  /** The file to make: new, sparse. */
  readonly file: string
  readonly scratch: string
  readonly signal?: AbortSignal
}

/** Bytes of an image's disk: its content, each file in whole blocks, a tenth more, what is free; in whole GiB. */
export function diskSize({ manifest }: ExportSource): number {
  const { bytes, files, directories } = manifest.stats
  const content = bytes + (files + directories) * (4096 + PATH_BYTES)
  return Math.ceil((ROOT_OFFSET + content * 1.1 + FREE + DISK_EDGE) / GIB) * GIB
}

/** @throws EXPORT_NOT_BOOTABLE, EXPORT_FAILED, PROCESS_NOT_FOUND, OBJECT_MISSING, OBJECT_CORRUPT, DISK_FULL */
export async function writeDisk({ source, file, scratch, signal }: DiskOptions): Promise<void> {
  const { image, manifest } = source
  const size = diskSize(source)
  const abort = signal ? { signal } : {}
  const rootUuid = uuidOf(image, 'root file system')
  const loader = await makeBootLoader({
    source,
    rootUuid,
    coreSector: CORE.offset / SECTOR,
    scratch: subdirectory(scratch, 'grub'),
    ...abort,
  })
  if (loader.bios && loader.bios.core.length > CORE.size)
    throw fail('EXPORT_NOT_BOOTABLE', {
      what: `GRUB's core image has ${loader.bios.core.length} bytes, its partition ${CORE.size}`,
    })
  const root = { offset: ROOT_OFFSET, size: size - DISK_EDGE - ROOT_OFFSET }
  const disk = openSync(file, 'wx', 0o644)
  try {
    ftruncateSync(disk, size)
    await writeExt4({
      source,
      file,
      ...root,
      uuid: rootUuid,
      label: manifest.name,
      scratch: subdirectory(scratch, 'ext4'),
      ...abort,
    })
    if (loader.efi) await writeEsp({ source, file, efi: loader.efi, scratch: subdirectory(scratch, 'esp') })
    const { first, last } = partitionTable({
      size,
      uuid: uuidOf(image, 'disk'),
      partitions: partitionsOf(source, loader, root),
      ...(loader.bios ? { bootCode: loader.bios.sector } : {}),
    })
    writeAt(disk, first, 0)
    writeAt(disk, last, size - last.length)
    if (loader.bios) writeAt(disk, loader.bios.core, CORE.offset)
    fsyncSync(disk)
  } finally {
    closeSync(disk)
  }
}

function partitionsOf(
  { image, platform }: ExportSource,
  loader: BootLoader,
  root: { offset: number; size: number },
): Partition[] {
  const type = platform === 'arm64' ? PARTITION_TYPES.rootArm64 : PARTITION_TYPES.rootAmd64
  const uuid = (use: string) => uuidOf(image, `partition ${use}`)
  return [
    ...(loader.bios ? [{ type: PARTITION_TYPES.biosBoot, uuid: uuid('bios'), name: 'BIOS boot', ...CORE }] : []),
    ...(loader.efi ? [{ type: PARTITION_TYPES.efiSystem, uuid: uuid('esp'), name: 'EFI system', ...ESP }] : []),
    { type, uuid: uuid('root'), name: 'root', ...root },
  ]
}

interface EspOptions {
  readonly source: ExportSource
  readonly file: string
  readonly efi: NonNullable<BootLoader['efi']>
  readonly scratch: string
}

/** The EFI system partition: FAT32 with one program, written by mtools, which needs no mount. */
async function writeEsp({ source, file, efi, scratch }: EspOptions): Promise<void> {
  const program = join(scratch, efi.name)
  writeFileSync(program, efi.program)
  utimesSync(program, source.epoch, source.epoch)
  const env = {
    PATH: SYSTEM_PATH,
    LC_ALL: 'C',
    TZ: 'UTC0',
    SOURCE_DATE_EPOCH: String(source.epoch),
    MTOOLSRC: '/dev/null',
    MTOOLS_SKIP_CHECK: '1',
  }
  const place = `${file}@@${ESP.offset}`
  const serial = uuidBytes(source.image, 'esp').toString('hex', 0, 4)
  const shape = [
    '-F',
    '-c',
    '1',
    '-h',
    '64',
    '-s',
    '32',
    '-T',
    String(ESP.size / SECTOR),
    '-H',
    String(ESP.offset / SECTOR),
  ]
  await run(['mformat', '-i', place, ...shape, '-N', serial, '-v', 'EFI', '::'], { env })
  await run(['mmd', '-i', place, '::/EFI', '::/EFI/BOOT'], { env })
  await run(['mcopy', '-i', place, '-m', program, `::/EFI/BOOT/${efi.name}`], { env })
}

function subdirectory(scratch: string, name: string): string {
  const path = join(scratch, name)
  mkdirSync(path, { recursive: true })
  return path
}

function writeAt(disk: number, bytes: Buffer, offset: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(disk, bytes, at, bytes.length - at, offset + at)
}
