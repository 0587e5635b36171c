/** Every limit of looking for cruft, named, with its unit. */

/** Bytes of a file that are looked through at once. */
export const SCANNED_CHUNK_BYTES = 4 * 1024 * 1024
/** Bytes by which chunks overlap: longer than any name that is looked for. */
export const SCANNED_OVERLAP_BYTES = 512
/** Bytes of a file that is no ELF file and is looked through for names of libraries: a program's text, its configuration. */
export const SCANNED_TEXT_BYTES = 1024 * 1024
/** Characters of a format such as `libnss_%s.so%s` that counts as naming libraries. */
export const NAME_FORMAT_LENGTH = 100
/** Formats of one image that are looked at. */
export const NAME_FORMATS = 1000
/** Names that a proof gives; how many more there are, it says. */
export const NAMES_SHOWN = 3
