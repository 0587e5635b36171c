/** Every limit of this package, named, with its unit. */

/** Bytes of output kept from a child process when the caller names no limit. */
export const DEFAULT_PROCESS_OUTPUT_BYTES = 16 * 1024 * 1024
/** Milliseconds between the TERM and the KILL that end a child process. */
export const PROCESS_KILL_GRACE_MS = 2_000
/** Milliseconds a child process may run when the caller names no limit. */
export const DEFAULT_PROCESS_TIMEOUT_MS = 10 * 60_000
/** Bytes of one YAML file. */
export const YAML_FILE_BYTES = 8 * 1024 * 1024
/** Aliases one YAML file may expand to ("billion laughs"). */
export const YAML_ALIASES = 100
/** Edits between an unknown key and the known one that is suggested instead. */
export const SUGGESTION_DISTANCE = 3
/** Columns of a source line shown in an error; a longer one is cut around the caret. */
export const ERROR_LINE_COLUMNS = 120
/** Milliseconds between two drawings of the live region. */
export const TERMINAL_INTERVAL_MS = 100
/** Lines of the live region: of more running tasks the latest are shown. */
export const TERMINAL_LIVE_LINES = 8
/** Columns assumed of a terminal that does not tell its width. */
export const TERMINAL_FALLBACK_COLUMNS = 80
/** Milliseconds between two lines about the same task in a log. */
export const LINE_RENDERER_INTERVAL_MS = 10_000
