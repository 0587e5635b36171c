/** Every limit of this package, named, with its unit. */

/** Milliseconds until the server must have answered a request. */
export const API_TIMEOUT_MS = 30_000
/** Bytes of one answer of the server. */
export const API_ANSWER_BYTES = 64 * 1024 * 1024
/** Milliseconds between the first Ctrl-C and the end, for a command that cleans up. */
export const INTERRUPT_GRACE_MS = 10_000
/** Causes of an error that are shown with HOLOTYPE_DEBUG=1. */
export const SHOWN_CAUSES = 8
/** Bytes of the files with the operator's token and the server's address. */
export const HOME_FILE_BYTES = 4096
