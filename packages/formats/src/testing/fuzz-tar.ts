import { checksum, TAR_BLOCK } from '../archive/tar-header.ts'

/** Gives every block of an uncompressed tar that looks like a header its right checksum, so that what was changed in it is read. */
export function repairTar(bytes: Buffer): Buffer {
  for (let at = 0; at + TAR_BLOCK <= bytes.length; at += TAR_BLOCK) {
    const block = bytes.subarray(at, at + TAR_BLOCK)
    if (block.toString('latin1', 257, 262) !== 'ustar') continue
    block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  }
  return bytes
}
