/** Every limit of this package, named, with its unit. */

/** Files read from one folder of a distribution. */
export const FOLDER_ENTRIES = 10_000
/** Commits whose authors are read for one image. */
export const COMMITS_READ = 1000
