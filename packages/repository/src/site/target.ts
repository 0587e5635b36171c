import type { SiteFile, SiteLink } from './site-list.ts'

/**
 * Where a site is copied to. Calls for different paths may overlap. What `put`, `copy` and `link` leave may be seen at once under its path, so they are for
 * what nothing that is shown leads to yet.
 */
export interface SiteTarget extends AsyncDisposable {
  /** For messages. */
  readonly address: string
  /** False where there are no symbolic links: then what they lead to is to be written under their paths. */
  readonly links: boolean
  /** Whether there is anything that no copy of a site has put there. */
  isTaken(): Promise<boolean>
  /** A small file; undefined where there is none, or it is larger. */
  read(path: string, maxBytes: number): Promise<Buffer | undefined>
  /** Replaces a small file: old or new bytes are seen, never others; durable when it returns. @throws DISK_FULL */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Whether a file is there with exactly these bytes, as far as can be told: by reading it on a disk. */
  has(file: SiteFile): Promise<boolean>
  /**
   * Makes a file of what `rest` gives from a byte on; what an attempt before has left is taken up.
   * @throws FETCH_MISMATCH where the bytes are not those of the digest, DISK_FULL, and what `rest` throws
   */
  put(file: SiteFile, rest: (from: number) => AsyncIterable<Uint8Array>): Promise<void>
  /** Makes a file of one that is there with the same bytes. */
  copy(from: SiteFile, file: SiteFile): Promise<void>
  /** Makes or replaces a symbolic link, durable when it returns. */
  link(link: SiteLink): Promise<void>
  /** Makes all that was put durable. */
  flush(): Promise<void>
  /** Removes a file or link, if it is there. */
  remove(path: string): Promise<void>
  /** Lets go of what copies that were ended before `before` have begun and no later one has finished. */
  sweep(before: Date): Promise<void>
  /** Bytes that may still be taken; undefined where nobody knows. */
  room(): Promise<number | undefined>
}
