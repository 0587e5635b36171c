/** Every limit of this package, named, with its unit. */

/** Bytes of a site's root metadata at enrolment. */
export const TRUST_ROOT_BYTES = 1024 * 1024
/** Bytes of an image manifest. */
export const MANIFEST_BYTES = 4 * 1024 * 1024
/** Bytes of an old gzip file that a delta looks into. */
export const DELTA_GZIP_BYTES = 4 * 1024 * 1024
/** Processes of gzip at a time that make a delta's gzip files. */
export const GZIP_PROCESSES = 2
/** Frames whose contents are written down and wait for such a process, with those that are being made. */
export const GZIP_FRAMES_WAITING = 4
/** Bytes of one tree object. */
export const TREE_BYTES = 64 * 1024 * 1024
/** Objects of packs up to this many bytes are handed on as a whole; larger ones are streamed. */
export const OBJECT_IN_MEMORY_BYTES = 4 * 1024 * 1024
/** Bytes of the buffers that frames are decompressed into. */
export const ZSTD_PIECE_BYTES = 256 * 1024
/** Bytes of an unwanted stretch between two wanted frames that are fetched along, so that both come in one request. */
export const RANGE_GAP_BYTES = 64 * 1024
/** Bytes after which a range request is ended and another begun: bounds what one connection carries. */
export const RANGE_BYTES = 32 * 1024 * 1024
/** Range requests at a time. */
export const CONCURRENT_RANGES = 2
/** Times one file or range is asked for in vain, over all mirrors, before the run gives up. */
export const FETCH_ATTEMPTS = 6
/** Times each of many mirrors is asked at least before that. */
export const MIRROR_ATTEMPTS = 2
/** Times a mirror is asked for each file of trust metadata before the next mirror gets its turn. */
export const STATEMENT_ATTEMPTS = 2
/** Milliseconds between two attempts, times the number of attempts so far. */
export const FETCH_RETRY_MS = 100
/** Milliseconds a connection may stay silent. */
export const HTTP_IDLE_MS = 15_000
/** Milliseconds until a mirror answers, where another one could be asked. */
export const ANSWER_MS = 5000
/** Milliseconds that the other mirrors have for their timestamps after the first one came. */
export const TIMESTAMPS_MS = 5000
/** Bytes per second below which a body is given up, whoever serves it: over HTTP_IDLE_MS. */
export const LEAST_BYTES_PER_SECOND = 4096
/** Milliseconds over which a mirror must be slow to be left for another one. */
export const SLOW_MS = 2000
/** The part of the best other mirror's speed below which a mirror is slow. */
export const SLOW_PART = 0.25
/** Bytes per second that a mirror is taken to serve as long as it was not measured, by whoever would leave another one for it. */
export const ASSUMED_BYTES_PER_SECOND = 512 * 1024
/** Bytes of the request that mirrors are compared by. */
export const TYPICAL_BYTES = 1024 * 1024
/** Bytes of a body that say how fast a mirror is. */
export const SAMPLE_BYTES = 256 * 1024
/** Milliseconds of a body, however short, that say so too. */
export const SAMPLE_MS = 1000
/** Milliseconds for which a measured speed is good: then the mirror is tried again. */
export const FIGURES_GOOD_MS = 60 * 60_000
/** Milliseconds for which a mirror that failed is asked after the others; twice as many with each failure more. */
export const MIRROR_REST_MS = 15_000
/** Milliseconds it is at most. */
export const MIRROR_REST_MAX_MS = 10 * 60_000
/** Bytes by which a range must have grown for a further FETCH_ATTEMPTS attempts. */
export const ADVANCE_BYTES = 64 * 1024
/** Bytes of an answer from the server. */
export const SERVER_ANSWER_BYTES = 1024 * 1024
/** Milliseconds a request to the server may take: it must not hold up the node. */
export const SERVER_TIMEOUT_MS = 10_000
/** Reports kept while the server is away; the oldest go first. */
export const QUEUED_REPORTS = 100
/** Repaired paths named in a report; further ones are counted. */
export const REPORTED_PATHS = 100
/** Bytes of a trigger's output kept in a report: its end. */
export const TRIGGER_OUTPUT_BYTES = 4096
/** Bytes a trigger may print before it is ended. */
export const TRIGGER_PRINT_BYTES = 8 * 1024 * 1024
/** Parts of one glob. */
export const GLOB_PARTS = 64
/** Characters of one glob. */
export const GLOB_LENGTH = 1024
/** Bytes of a node's overrides. */
export const OVERRIDES_BYTES = 64 * 1024
/** Overrides of one node. */
export const OVERRIDES = 100
/** Characters of an override's reason. */
export const OVERRIDE_CHARACTERS = 200
/** Wildcards `*` and `**` of an override's glob. */
export const OVERRIDE_WILDCARDS = 3
/** Trees whose entries are held at a time for whoever asks again, besides those that the walk is in. */
export const HELD_TREES = 32
/** Bytes of short-lived objects that a byte of a tree leaves when it is read, about. */
export const TREE_GARBAGE = 4
/** Directories of an image below one another. */
export const TREE_DEPTH = 512
/** Entries of one image, all directories together. */
export const TREE_ENTRIES = 2_000_000
/** Milliseconds that must lie between a file's last change and the look at it before its stat is trusted to notice the next change (a kernel tick). */
export const STAT_SETTLE_MS = 20
/** Milliseconds after a look at every path when a run looks again, whatever the statement says. */
export const LOOK_MS = 60 * 60_000
/** Open directories kept while applying. */
export const OPEN_DIRECTORIES = 64
/** Paths handled before the event loop gets a turn. */
export const BATCH_PATHS = 500
/** Bytes read at a time when a file is hashed or copied. */
export const CHUNK_BYTES = 1024 * 1024
/** Bytes of zeros, at a multiple of as many, that are left a hole in a file. */
export const HOLE_BYTES = 64 * 1024
/** Bytes of the object that lists an image's hard links. */
export const HARDLINKS_BYTES = 64 * 1024 * 1024
/** Milliseconds a flush of the file system may take, and tar may go without reading or writing. */
export const FLUSH_TIMEOUT_MS = 10 * 60_000
/** Bytes of short-lived objects that work on one path leaves, about. */
export const PATH_GARBAGE_BYTES = 1024
/** Bytes of used buffers after which the program frees them. */
export const GARBAGE_BYTES = 8 * 1024 * 1024
/** Bytes of the object that says whose each path of an image is. */
export const OWNERS_BYTES = 64 * 1024 * 1024
/** Milliseconds a mirror may stay silent when owners are asked of it for a look at the root that needs none. */
export const OWNERS_IDLE_MS = 2000
/** Health checks of one image. */
export const HEALTH_CHECKS = 100
/** Milliseconds between two rounds of health checks. */
export const HEALTH_ROUND_MS = 1000
/** Rounds one after the other that a health check must pass: a program that ends right after its start passes one. */
export const HEALTH_ROUNDS = 2
/** Characters that a report has of what one health check saw. */
export const HEALTH_DETAIL_CHARACTERS = 200
/** Characters that a report has of all failed health checks together. */
export const HEALTH_FAILURES_CHARACTERS = 4096
/** Milliseconds systemd may take to say how a unit is. */
export const UNIT_TIMEOUT_MS = 10_000
/** Milliseconds for which the look at what runs is good when nothing was changed. */
export const CONDITION_MS = 5 * 60_000
/** Processes and units that a look at what runs names; further ones are counted. */
export const CONDITION_NAMED = 50
/** Files of one process that a look at what runs names. */
export const CONDITION_FILES = 5
/** Kernels of one root that are looked at. */
export const KERNELS = 100
/** Bytes of a kernel's version text. */
export const KERNEL_VERSION_BYTES = 512
/** Milliseconds of a rate limit's bytes that may come at once after a pause. */
export const BURST_MS = 100
/** Milliseconds of work between two rests. */
export const SLICE_MS = 5
/** Milliseconds of one rest for work; longer ones are taken in pieces. */
export const REST_MS = 500
/** Milliseconds over which the pressure on a machine is taken. */
export const PRESSURE_MS = 100
/** Percent of the time that others may stand still for want of processor, disk or memory, where nothing else is said. */
export const PRESSURE_PERCENT = 10
/** The share of time that work gets in however much others stand still: a run must end. */
export const LEAST_SHARE = 0.1
/** What the share grows by when others do not stand still. */
export const SHARE_STEP = 0.05
/** Bytes written after which a throttled run brings them to the disk, so that no flush has much to write. */
export const FLUSH_BYTES = 16 * 1024 * 1024
/** setpriority(2) of a throttled run: a tenth of the processor time of one that is not nice, so that a run ends on a busy machine too. */
export const NICENESS = 10
/** Milliseconds over which a run that takes what processors have left is looked at whether that is enough. */
export const IDLE_LOOK_MS = 1000
/** Milliseconds for which it is nice instead when it is not. */
export const IDLE_REST_MS = 10_000
/** Milliseconds that changing the scheduling policy may take. */
export const POLICY_TIMEOUT_MS = 60_000
/** Bytes that have passed before a run is nice. */
export const NICE_AFTER_BYTES = 16 * 1024 * 1024
/** Bytes a second of a throttle at least: what passes in one piece is waited for in one piece, and a mirror does not wait for ever. */
export const LEAST_RATE = 1024 * 1024
/** Milliseconds an activation command may take. */
export const ACTIVATE_TIMEOUT_MS = 5 * 60_000
/** Bytes an activation command may print. */
export const ACTIVATE_PRINT_BYTES = 1024 * 1024
/** Bytes of an excluded file that is carried over to the other root. */
export const CARRIED_BYTES = 1024 * 1024
/** Excluded files that are carried over. */
export const CARRIED_FILES = 10_000
/** Milliseconds that a person's command waits for a run at work, and between its looks. */
export const LOCK_WAIT_MS = 30_000
export const LOCK_LOOK_MS = 100
