/** Every limit of this package, named, with its unit. */

/** Bytes of one of apt's source files, or of os-release. */
export const SOURCES_FILE_BYTES = 1024 * 1024
/** Files of /etc/apt/sources.list.d that are read. */
export const SOURCES_FILES = 500
/** Bytes of a signed top (InRelease): Debian's are 0.2 MB. */
export const SIGNED_TOP_BYTES = 16 * 1024 * 1024
/** Bytes of one uncompressed index: Debian's largest is 60 MB. It is held in memory. */
export const INDEX_BYTES = 512 * 1024 * 1024
/** Bytes of one package file. */
export const PACKAGE_BYTES = 8 * 1024 * 1024 * 1024
/** Parsed indexes kept in memory, so that locking and fetching in one process parse each once. */
export const INDEXES_KEPT = 6
/** Redirects followed for one download. */
export const REDIRECTS = 5

/** Connections to one host, and downloads at a time, when the caller says nothing. */
export const CONNECTIONS = 8
/** Milliseconds without a byte before a try is given up. */
export const IDLE_MS = 30_000
/** Milliseconds before the mean speed of a download counts. */
export const GRACE_MS = 60_000
/** Bytes per second below which a download counts as stuck: endless trickles end. */
export const MIN_BYTES_PER_SECOND = 4096
/** Tries of one address. */
export const TRIES = 3
/** Milliseconds before the second try, doubled for each further one. */
export const RETRY_DELAY_MS = 400
