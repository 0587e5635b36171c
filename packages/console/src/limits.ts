/** Bounds of the console, with their units. */

/** Milliseconds a request may take before it counts as unanswered. */
export const REQUEST_TIMEOUT_MS = 20_000
/** Milliseconds that ticks are gathered before the views they touch are fetched again. */
export const COALESCE_MS = 250
/** Milliseconds between fetches while the event stream is down. */
export const POLL_MS = 5_000
/** Milliseconds before a closed event stream is opened again. */
export const REOPEN_MS = 10_000
/** Milliseconds after which the first page is fetched again without a tick: some of it follows from time alone. */
export const STATUS_REFRESH_MS = 30_000
/** Milliseconds the second key of `g h` may take. */
export const CHORD_MS = 1_200
/** Lines of one text diff or changelog drawn before the reader asks for the rest. */
export const TEXT_LINES = 400
/** Entries of a list within a page (advisories, members, symbols) drawn before the reader asks for the rest. */
export const LONG_LIST = 12
/** Marks that one copied command hands to the server: as many as it takes at once. */
export const MARKS_COPIED = 1000
/** Items whose reviewed mark one diff may keep in the browser. */
export const REVIEWED_ITEMS = 20_000
/** Characters of one query in the address. */
export const QUERY_CHARACTERS = 400
/** Bytes, gzipped, that the first page may load: its HTML, scripts and styles together. */
export const FIRST_ROUTE_BYTES = 250 * 1024
