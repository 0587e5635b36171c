/**
 * What a file says of itself, by name: one value, or a list whose order does not matter. Names are what a reader sees.
 * A value that is '' counts as absent.
 */
export type Facts = Readonly<Record<string, string | readonly string[]>>

/** A file within a file. */
export interface Member {
  /** As the container has it; shown to people, never a path on this machine. */
  readonly path: string
  /** Its bytes, unpacked when asked for. @throws anything if they cannot be had */
  bytes(): Buffer
}

/** What a plug-in reads out of a file's bytes. */
export interface Described {
  readonly facts: Facts
  readonly members?: readonly Member[]
}

/** One kind of file that the diff reads. Each passes the suite of `plugins.test.ts`. */
export interface Plugin {
  /** What the kind is called: `elf`. */
  readonly name: string
  /** True if the file is of this kind, by its path and its first {@link HEAD_BYTES} bytes. */
  wants(path: string, head: Buffer): boolean
  /** Pure and bounded. @throws anything if the bytes are not what they seem: then they count as unreadable */
  describe(bytes: Buffer, path: string): Described
  /** True if a file that is new, or that goes, is described as well: what it says is what a reviewer asks first. */
  readonly oneSided?: true
}

/** Bytes of a file by which a plug-in decides: up to ustar's magic at 257. */
export const HEAD_BYTES = 264
