/** Every limit of this package, named, with its unit. */

/** Files read from one folder of a distribution. */
export const FOLDER_ENTRIES = 10_000
/** Commits whose authors are read for one image. */
export const COMMITS_READ = 1000

/** Bytes of one file that variables are put into. */
export const TEMPLATE_BYTES = 1024 * 1024

/** Files that one image's spec may be put together from. */
export const SPEC_FILES = 100
