import { createCipheriv } from 'node:crypto'

/** 80 MiB that do not compress, the same in every process: two whole parts of an upload and a half one. */
export function largeBytes(): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(Buffer.alloc(80 * 1024 * 1024))
}
