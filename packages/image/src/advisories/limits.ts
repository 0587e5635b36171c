/** Every limit of advisories that are given as files, named, with its unit. */

/** Bytes of one file. All CVEs that one release of Debian has to do with are some 100 MB. */
export const OSV_FILE_BYTES = 256 * 1024 * 1024
/** Bytes of all files of one upstream. They are held in memory one at a time. */
export const OSV_TOTAL_BYTES = 1024 * 1024 * 1024
/** Files of one upstream. */
export const OSV_FILES = 200_000
/** Ranges of versions that are read of all files of one upstream. */
export const OSV_RANGES = 2_000_000
/** Code units of an id, a version, the name of a package, a severity. */
export const OSV_WORD_LENGTH = 256
/** Code units of a title; what is longer is cut. */
export const OSV_TITLE_LENGTH = 300
