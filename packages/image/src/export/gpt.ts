import { crc32 } from 'node:zlib'

/* A GUID partition table with its protective MBR (UEFI 2.10 §5). */

export const SECTOR = 512
/** Bytes at both ends of a disk that no partition lies in: the table, and what keeps partitions aligned. */
export const DISK_EDGE = 1024 * 1024

export interface Partition {
  /** What it is for, a UUID as text. */
  readonly type: string
  readonly uuid: string
  readonly name: string
  /** Bytes, whole sectors. */
  readonly offset: number
  readonly size: number
}

/** A disk's partition types, by use: §5.3.3, GRUB's manual ("BIOS installation"), and the Discoverable Partitions Specification. */
export const PARTITION_TYPES = {
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  rootAmd64: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  rootArm64: 'b921b045-1df0-41c3-af44-4c6f280d3fae',
} as const

const ENTRIES = 128
const ENTRY_BYTES = 128
const TABLE_SECTORS = (ENTRIES * ENTRY_BYTES) / SECTOR

/** What is written at the beginning and at the end of a disk. `bootCode`: the first 440 bytes, which a BIOS runs. */
export function partitionTable(options: {
  readonly size: number
  readonly uuid: string
  readonly partitions: readonly Partition[]
  readonly bootCode?: Buffer
}): { readonly first: Buffer; readonly last: Buffer } {
  const sectors = options.size / SECTOR
  const table = Buffer.alloc(ENTRIES * ENTRY_BYTES)
  options.partitions.forEach((partition, index) => entry(partition).copy(table, index * ENTRY_BYTES))
  const header = (own: number, other: number, tableAt: number) => {
    const block = Buffer.alloc(SECTOR)
    block.write('EFI PART', 0, 'latin1')
    block.writeUInt32LE(0x0001_0000, 8)
    block.writeUInt32LE(92, 12)
    block.writeBigUInt64LE(BigInt(own), 24)
    block.writeBigUInt64LE(BigInt(other), 32)
    block.writeBigUInt64LE(BigInt(2 + TABLE_SECTORS), 40)
    block.writeBigUInt64LE(BigInt(sectors - TABLE_SECTORS - 2), 48)
    mixedEndian(options.uuid).copy(block, 56)
    block.writeBigUInt64LE(BigInt(tableAt), 72)
    block.writeUInt32LE(ENTRIES, 80)
    block.writeUInt32LE(ENTRY_BYTES, 84)
    block.writeUInt32LE(crc32(table), 88)
    block.writeUInt32LE(crc32(block.subarray(0, 92)), 16)
    return block
  }
  return {
    first: Buffer.concat([protectiveMbr(sectors, options.bootCode), header(1, sectors - 1, 2), table]),
    last: Buffer.concat([table, header(sectors - 1, 1, sectors - 1 - TABLE_SECTORS)]),
  }
}

/** §5.2.3: one partition of type 0xEE over the whole disk. */
function protectiveMbr(sectors: number, bootCode: Buffer | undefined): Buffer {
  const block = Buffer.alloc(SECTOR)
  bootCode?.copy(block, 0, 0, 440)
  block.set([0, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446)
  block.writeUInt32LE(1, 454)
  block.writeUInt32LE(Math.min(sectors - 1, 0xffff_ffff), 458)
  block.set([0x55, 0xaa], 510)
  return block
}

function entry({ type, uuid, name, offset, size }: Partition): Buffer {
  const bytes = Buffer.alloc(ENTRY_BYTES)
  mixedEndian(type).copy(bytes, 0)
  mixedEndian(uuid).copy(bytes, 16)
  bytes.writeBigUInt64LE(BigInt(offset / SECTOR), 32)
  bytes.writeBigUInt64LE(BigInt((offset + size) / SECTOR - 1), 40)
  bytes.write(name.slice(0, 36), 56, 'utf16le')
  return bytes
}

/** A GUID on disk has its first three fields in little endian (UEFI 2.10, appendix A). */
function mixedEndian(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return bytes
}
