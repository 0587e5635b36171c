/** Every limit of composing, named, with its unit. */

/** Threads that unpack packages side by side. Each may hold one package's payload member. */
export const UNPACK_WORKERS = 4
/** Bytes of package files that are worth the start of a thread, which takes as long as unpacking a few MiB. */
export const THREAD_BYTES = 4 * 1024 * 1024
/** Paths of one package: Debian's largest have some 100,000. They are held in memory. */
export const UNPACKED_PATHS = 250_000
/** Bytes of one package's files: a few KiB of compressed zeros could fill any disk. Debian's largest package has 3 GiB. */
export const UNPACKED_BYTES = 8 * 1024 * 1024 * 1024
/** Bytes of a packaged file that is held in memory; a larger one goes to the disk as it comes. */
export const UNPACKED_MEMORY_BYTES = 32 * 1024 * 1024
/** Milliseconds all maintainer scripts of an image may take together. */
export const CONFIGURE_TIMEOUT_MS = 10 * 60_000
/** Bytes all maintainer scripts of an image may print together. */
export const CONFIGURE_OUTPUT_BYTES = 32 * 1024 * 1024
/** Bytes of memory all maintainer scripts of an image may take together, with what they write where that lies in memory. */
export const CONFIGURE_MEMORY_BYTES = 8 * 1024 * 1024 * 1024
/** Processes of maintainer scripts at one time. */
export const CONFIGURE_PROCESSES = 4096
/** Symbolic links followed while one path of a package is placed (Linux: MAXSYMLINKS). */
export const PATH_SYMLINKS = 40
/** Packs one image is spread over. */
export const PACKS_PER_IMAGE = 8
/** Part of a pack's bytes that must be needed for it to be named again. */
export const PACK_NEEDED_SHARE = 0.25
/** Milliseconds after which a working directory of another machine, or of before the last start, counts as left behind. */
export const SCRATCH_AGE_MS = 7 * 24 * 3_600_000
/** Bytes of memory that must be free below /dev/shm for scripts to write there; else they write to the disk. */
export const SCRATCH_MEMORY_BYTES = 2 * 1024 * 1024 * 1024
/** Missing sonames, packages that need one of them, and files of each, that a refusal names. */
export const SONAMES_SHOWN = 5

/** Bytes of a file whose content an export holds in memory; a larger one is streamed in pieces of this size. */
export const HELD_FILE_BYTES = 1024 * 1024
/** Milliseconds one program of an export may run. */
export const EXPORT_TIMEOUT_MS = 30 * 60_000
/** Bytes that debugfs may print while it fills a file system: some 100 for each of its commands. */
export const DEBUGFS_OUTPUT_BYTES = 1024 * 1024 * 1024
/** Paths that the error about what maintainer scripts may not write names. */
export const SCRIPT_EFFECTS_SHOWN = 10
/** Bytes of a guest's console that are looked at, from its end. */
export const CONSOLE_BYTES = 1024 * 1024
/** Bytes that one check's command may print, from its end. */
export const GUEST_OUTPUT_BYTES = 1024 * 1024
/** Milliseconds a check of our own may take in a guest, which may be emulated: here and below, by `guestClock`. */
export const GUEST_COMMAND_MS = 60_000
/** Milliseconds that an agent's run, or its reading of every file, may take in a guest. */
export const GUEST_AGENT_MS = 1_200_000
/** Milliseconds a guest may take to go down. */
export const GUEST_SHUTDOWN_MS = 300_000
/** Starts of a machine whose emulated timer was taken for broken. */
export const BOOT_TRIES = 3
/** Paths that a check of an upgrade names. */
export const UPGRADE_PATHS_SHOWN = 20
/** Characters of what a check saw that a verdict keeps. */
export const SHOWN_CHARACTERS = 2000
/** Bytes of a manifest, an index of a pack or another object that is read whole when a site is verified. */
export const OBJECT_READ_BYTES = 256 * 1024 * 1024
/** Bytes of an object that is looked through for the digests of others: larger ones are files. */
export const STORE_SCANNED_BYTES = 256 * 1024 * 1024
/** Seconds that a site keeps what was live, and what was written and never was: for nodes and mirrors that are behind, and to go back by hand. */
export const SITE_GRACE_SECONDS = 14 * 24 * 3600
