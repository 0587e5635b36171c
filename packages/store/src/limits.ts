/** Every limit of this package, named, with its unit. */

/** Bytes of one directory object: some 100,000 entries. */
export const TREE_BYTES = 64 * 1024 * 1024
/** Bytes of one name in a directory (NAME_MAX of Linux). */
export const NAME_BYTES = 255
/** Bytes of a symlink's target (PATH_MAX of Linux, less the end). */
export const SYMLINK_BYTES = 4095
/** Directories below one another. PATH_MAX allows 2,048 of them; a walk must not run out of stack before. */
export const TREE_DEPTH = 512
/** Milliseconds after which the time of an object or a note is set anew when it is put or recalled again, so that nobody takes it for unused. */
export const USED_MS = 24 * 60 * 60_000
/** Bytes of one note. */
export const NOTE_BYTES = 64 * 1024
/** Milliseconds after which a temporary file is taken for a dead process's and removed when the store is opened. */
export const TEMPORARY_AGE_MS = 24 * 60 * 60_000
/** Bytes (raw) of small objects gathered into one pack frame: more compresses better, less wastes less on a range request. */
export const FRAME_TARGET_BYTES = 96 * 1024
/** Bytes (raw) of one pack frame, hence of one object in a pack: what a reader must hold in memory. */
export const FRAME_BYTES = 1024 * 1024 * 1024
/** Pack frames compressed at the same time; zlib's thread pool runs as many as there are cores. */
export const FRAMES_IN_FLIGHT = 4
/** Bytes (raw) of frames in flight, so that several large ones do not add up. One frame may always be in flight. */
export const FRAMES_IN_FLIGHT_BYTES = 256 * 1024 * 1024
/** zstd level of packs: 8 takes one in a hundred bytes less than 6 for a quarter more time, once for each object. */
export const PACK_LEVEL = 8
/** Bytes of one pack index. */
export const PACK_INDEX_BYTES = 128 * 1024 * 1024
/** Bytes of one delta frame's bases and of what it decompresses to: with zstd's own copy of each, what applying it takes. */
export const DELTA_FRAME_BYTES = 16 * 1024 * 1024
/** Bytes of one piece of a larger file, and of the stretch of the old file around the same place that it is compressed against. */
export const DELTA_PIECE_BYTES = 4 * 1024 * 1024
export const DELTA_BASE_BYTES = 8 * 1024 * 1024
/** Bytes of small files, old and new together, gathered into one frame of a delta. */
export const DELTA_GROUP_BYTES = 1024 * 1024
/** Bytes from which a changed file has a frame of its own. */
export const DELTA_SMALL_BYTES = 128 * 1024
/** zstd level against old bytes: 19 takes an eighth less for twelve times the work. */
export const DELTA_LEVEL = 9
/** zstd level of differences, which are short. */
export const DIFFERENCE_LEVEL = 19
/** Bytes of changed files from which threads compress them: starting these takes as long as a few small frames. */
export const DELTA_THREADS_BYTES = 4 * 1024 * 1024
/** Bytes inside of one gzip file that a delta looks into. */
export const DELTA_GZIP_BYTES = 4 * 1024 * 1024
/** Bytes inside of small gzip files, old and new together, gathered into one frame of a delta: one process makes them all. */
export const DELTA_GZIP_GROUP_BYTES = 4 * 1024 * 1024
/** Gzip files made by one process, and milliseconds it may take. */
export const GZIP_FILES = 256
export const GZIP_TIMEOUT_MS = 120_000
/** Bytes of a delta's index with its trees, compressed and not. */
export const DELTA_INDEX_BYTES = 64 * 1024 * 1024
/** Bytes of all trees of an image, some 80,000 paths, up to which they are the dictionary of a delta's index: zstd holds a copy. */
export const DELTA_TREES_BYTES = 16 * 1024 * 1024
/** Connections to an S3-compatible store, and milliseconds without a byte before one is given up. */
export const S3_CONNECTIONS = 8
export const S3_IDLE_MS = 60_000
/** Bytes of an object that is put in one request; larger ones are put in parts, of which each is held in memory. */
export const S3_WHOLE_BYTES = 64 * 1024 * 1024
export const S3_PART_BYTES = 32 * 1024 * 1024
/** Times that the parts of an object are asked to be put together, and milliseconds between two of them, times those so far. */
export const S3_COMPLETE_ATTEMPTS = 4
export const S3_COMPLETE_RETRY_MS = 500
/** Bytes of an answer of an S3-compatible store that is no object. */
export const S3_ANSWER_BYTES = 16 * 1024 * 1024
