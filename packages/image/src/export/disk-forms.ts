import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { createReadStream } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { fail } from '../errors.ts'
import { EXPORT_TIMEOUT_MS } from '../limits.ts'
import { writeStream } from './files.ts'
import { uuidBytes } from './identifiers.ts'
import { compressedTar } from './rootfs.ts'
import type { ExportSource } from './source.ts'

/* The raw disk in the forms that hypervisors and clouds take. */

export interface DiskFormOptions {
  readonly source: ExportSource
  /** The raw disk. */
  readonly raw: string
  /** The file to make. */
  readonly file: string
  readonly scratch: string
  readonly signal?: AbortSignal
}

function limitsOf({ signal }: DiskFormOptions) {
  return {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC0' },
    timeoutMs: EXPORT_TIMEOUT_MS,
    ...(signal ? { signal } : {}),
  }
}

/** qcow2, compressed, as QEMU and OpenStack take it. One coroutine: clusters lie in the order of the disk. */
export async function writeQcow2(options: DiskFormOptions): Promise<void> {
  await run(
    [
      'qemu-img',
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      '-c',
      '-m',
      '1',
      '-o',
      'compat=1.1,lazy_refcounts=off',
      options.raw,
      options.file,
    ],
    limitsOf(options),
  )
}

const SECTOR = 512
/** Where the descriptor of a stream-optimised VMDK lies: `descriptorOffset` and `descriptorSize` of its header, in sectors. */
const DESCRIPTOR_FIELDS = { offset: 28, size: 36 } as const

/** A stream-optimised VMDK, as VMware and one large cloud import it; its content id follows from the image, not from a die. */
export async function writeVmdk(options: DiskFormOptions): Promise<void> {
  const { source, raw, file } = options
  await run(
    [
      'qemu-img',
      'convert',
      '-f',
      'raw',
      '-O',
      'vmdk',
      '-m',
      '1',
      '-o',
      'subformat=streamOptimized,adapter_type=lsilogic',
      raw,
      file,
    ],
    limitsOf(options),
  )
  const disk = openSync(file, 'r+')
  try {
    const header = Buffer.alloc(SECTOR)
    readSync(disk, header, 0, SECTOR, 0)
    const offset = Number(header.readBigUInt64LE(DESCRIPTOR_FIELDS.offset)) * SECTOR
    const size = Number(header.readBigUInt64LE(DESCRIPTOR_FIELDS.size)) * SECTOR
    if (header.toString('latin1', 0, 4) !== 'KDMV' || offset === 0 || size > 64 * SECTOR)
      throw fail('EXPORT_FAILED', { what: 'qemu-img made no VMDK with a descriptor' })
    const descriptor = Buffer.alloc(size)
    readSync(disk, descriptor, 0, size, offset)
    const text = descriptor.toString('latin1').replace(/\0+$/, '')
    const id = uuidBytes(source.image, 'vmdk').toString('hex', 0, 4)
    // The extent's name would be that of our working file.
    const named = text
      .replace(/^CID=[0-9a-f]+$/m, `CID=${id}`)
      .replace(/^(RDONLY|RW) (\d+) SPARSE ".*"$/m, `$1 $2 SPARSE "${basename(file)}"`)
    const renewed = Buffer.alloc(size)
    if (renewed.write(named, 'latin1') < named.length)
      throw fail('EXPORT_FAILED', { what: 'the VMDK descriptor has no room' })
    writeSync(disk, renewed, 0, size, offset)
  } finally {
    closeSync(disk)
  }
}

/** Seconds from 1970 to 2000, where VHD's time begins. */
const VHD_EPOCH = 946_684_800

/** A fixed VHD, as Hyper-V and one large cloud import it: the disk, and a footer ("Virtual Hard Disk Image Format Specification" 1.0). */
export async function writeVhd(options: DiskFormOptions): Promise<void> {
  const { source, raw, file } = options
  await run(['cp', '--sparse=always', '--reflink=auto', raw, file], limitsOf(options))
  const disk = openSync(file, 'r+')
  try {
    const { size } = fstatSync(disk)
    writeSync(disk, vhdFooter(source, size), 0, SECTOR, size)
  } finally {
    closeSync(disk)
  }
}

function vhdFooter(source: ExportSource, size: number): Buffer {
  const footer = Buffer.alloc(SECTOR)
  footer.write('conectix', 0, 'latin1')
  footer.writeUInt32BE(2, 8)
  footer.writeUInt32BE(0x0001_0000, 12)
  // A fixed disk has no other header.
  footer.fill(0xff, 16, 24)
  footer.writeUInt32BE(Math.max(0, source.epoch - VHD_EPOCH) % 2 ** 32, 24)
  // Who is known by this word is believed the size, not the geometry, which cannot say every size (QEMU, block/vpc.c).
  footer.write('qem2', 28, 'latin1')
  footer.writeUInt32BE(0x0001_0000, 32)
  footer.write('Wi2k', 36, 'latin1')
  footer.writeBigUInt64BE(BigInt(size), 40)
  footer.writeBigUInt64BE(BigInt(size), 48)
  const { cylinders, heads, sectors } = geometry(size / SECTOR)
  footer.writeUInt16BE(cylinders, 56)
  footer.writeUInt8(heads, 58)
  footer.writeUInt8(sectors, 59)
  footer.writeUInt32BE(2, 60)
  uuidBytes(source.image, 'vhd').copy(footer, 68)
  let sum = 0
  for (const byte of footer) sum += byte
  footer.writeUInt32BE(~sum >>> 0, 64)
  return footer
}

/** The specification's appendix, "CHS Calculation". */
function geometry(total: number): { readonly cylinders: number; readonly heads: number; readonly sectors: number } {
  const capped = Math.min(total, 65_535 * 16 * 255)
  if (capped >= 65_535 * 16 * 63) return { cylinders: Math.floor(capped / 255 / 16), heads: 16, sectors: 255 }
  let sectors = 17
  let tracks = Math.floor(capped / sectors)
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024))
  for (const [more, atMost] of [
    [31, 16],
    [63, 16],
  ] as const) {
    if (tracks < heads * 1024 && heads <= 16) break
    sectors = more
    heads = atMost
    tracks = Math.floor(capped / sectors)
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors }
}

/**
 * The shape that one large cloud imports: `disk.raw` alone in a tar archive of the old GNU form, its holes left out, under gzip. Zeros that
 * lie on the disk and zeros that are holes count alike, so the bytes do not follow the file system that the disk lay on.
 */
export async function writeCloudArchive(options: DiskFormOptions): Promise<void> {
  const { source, raw, file, scratch } = options
  if (basename(raw) !== 'disk.raw') throw fail('EXPORT_FAILED', { what: 'the archive holds disk.raw' })
  const archive = join(scratch, 'cloud.tar')
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=0644', `--mtime=@${source.epoch}`]
  await run(
    [
      'tar',
      '--format=oldgnu',
      '--sparse',
      '--hole-detection=raw',
      ...owner,
      '-C',
      dirname(raw),
      '-c',
      '-f',
      archive,
      'disk.raw',
    ],
    limitsOf(options),
  )
  await writeStream(file, compressedTar(createReadStream(archive, { highWaterMark: 1024 * 1024 }), 'gz'))
}
