/** Every limit of this package, named, with its unit. */

/** Bytes of one of apt's source files, or of os-release. */
export const SOURCES_FILE_BYTES = 1024 * 1024
/** Files of /etc/apt/sources.list.d that are read. */
export const SOURCES_FILES = 500
/** Bytes of a top as fetched: Debian's InRelease has 0.2 MB; a pacman database, which is its own top, some 10 MB. It is held in memory. */
export const TOP_BYTES = 64 * 1024 * 1024
/** Bytes of a top's detached signature. */
export const TOP_SIGNATURE_BYTES = 256 * 1024
/** How often a suite is begun anew because its top was replaced while it was read. */
export const TOP_READINGS = 3
/** Snapshots without a name that are remembered as taken, so that `latest` has a meaning; the oldest go first. */
export const SNAPSHOTS_REMEMBERED = 200
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

/** Entries of a chunk of one of our own repositories, in the mean. More: fewer, better compressed pieces; less: a new package is cheaper. */
export const CHUNK_ENTRIES = 128
/** Seconds that one waits for its turn at a repository: as long as a first publication of a large one may take. */
export const QUEUE_SECONDS = 600
/** Milliseconds between two tries to get the turn from another process, in the mean. */
export const QUEUE_POLL_MS = 20
/** Tries of reading a state that is replaced meanwhile. */
export const STATE_TRIES = 5
/** Package files read at a time when many are taken in. */
export const INGESTED_AT_ONCE = 8
/** Package files from which on threads check their payloads: below, a thread's start costs more than it saves. */
export const THREADS_FROM = 48
/** Threads that check payloads, if there are as many processors. Each holds what it has unpacked of INGESTED_AT_ONCE packages at most. */
export const CHECKING_THREADS = 4
/** Package files taken in with one change of the state. Their entries are held in memory. */
export const INGESTED_TOGETHER = 5000
/** Bytes of the file that names those of a source package (deb: .dsc). It is held in memory. */
export const SOURCE_BYTES = 16 * 1024 * 1024
/** Bytes of a package file that is copied in one piece; larger ones are streamed. */
export const SMALL_PACKAGE_BYTES = 4 * 1024 * 1024
/** Pieces compressed at a time. */
export const COMPRESSED_AT_ONCE = 4
/** Old states kept of a published repository, with their indexes: a client half-way through an update still finds its own. */
export const GENERATIONS = 16
/** Seconds that a withdrawn package's file stays for clients that know it from an older index. */
export const WITHDRAWN_SECONDS = 7 * 24 * 3600

/** Entries of a piece of a site's list, in the mean, and at most. More: fewer files; less: one more package costs mirrors less. */
export const SITE_PART_MEAN = 256
export const SITE_PART_ENTRIES = 8192
/** Pieces of a site's list: of four million files. */
export const SITE_PARTS = 16_384
/** Bytes of a piece of a site's list. */
export const SITE_PART_BYTES = 16 * 1024 * 1024
/** Bytes of a site's list without its pieces, which holds all that changes under its name. */
export const SITE_LIST_BYTES = 64 * 1024 * 1024
/** Names of a site that change, and bytes of each: keys, boards, timestamp. */
export const SITE_NAMES = 1024
export const SITE_NAME_BYTES = 256 * 1024
/** Bytes of a symbolic link of a site. */
export const SITE_LINK_BYTES = 1024
/** Seconds that a piece of a site's list stays after the last list that named it. */
export const SITE_PART_SECONDS = 24 * 3600
/** Milliseconds after a file's last change from which on its digest is noted. */
export const SITE_NOTE_SETTLED_MS = 2000
/** Bytes of a file that is read, hashed and copied in one piece; larger ones are streamed, and taken up where they broke off. */
export const SITE_SMALL_BYTES = 4 * 1024 * 1024
/** Files that are copied at a time. */
export const SITE_COPIED_AT_ONCE = 8
/** How often a copy is begun anew because its origin changed meanwhile. */
export const SITE_READINGS = 3
/** Seconds after which what a copy that was ended has begun, and none has finished, is let go: a copy that is under way may take that long. */
export const HALF_COPIED_SECONDS = 24 * 3600
/** Seconds that a mirror keeps what its origin's list does not name any more. */
export const MIRROR_KEEP_SECONDS = 3600
/** Mirrors between a mirror and its first origin. */
export const MIRROR_CHAIN = 16
/** Bytes of what a mirror says of itself. */
export const MIRROR_FILE_BYTES = 64 * 1024
/** Share of the file system, in hundredths, that a mirror without a quota leaves free. */
export const MIRROR_FREE_PERCENT = 5
/** Seconds that a mirror asks its origin to wait for news, where that can. */
export const MIRROR_WAIT_SECONDS = 60
