/** Every limit of migrations, named, with its unit. */

/** Links followed from a library's soname to its file. */
export const LIBRARY_LINKS = 8
/** Bytes of a library that is read for the versions of its symbols. */
export const LIBRARY_BYTES = 256 * 1024 * 1024
/** Packages with scripts that a refusal names. */
export const SCRIPTED_SHOWN = 10
