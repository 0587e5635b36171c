/** Every limit of this package, named, with its unit. */

/** Characters of the operator's token, at least: 128 bits in hex. */
export const OPERATOR_TOKEN_CHARACTERS = 32
/** Seconds a node's signature may be older or newer than our clock. */
export const SIGNATURE_SKEW_SECONDS = 300
/** Characters of a node's authorization header. */
export const NODE_AUTHORIZATION_CHARACTERS = 512
/** Bytes of a check-in's body: ~200 are usual. */
export const CHECKIN_BYTES = 4 * 1024
/** Bytes of an enrolment's body. */
export const ENROL_BYTES = 4 * 1024
/** Bytes of a run report's body: repaired paths and the ends of triggers' outputs. */
export const RUN_BYTES = 1024 * 1024
/** Bytes of an installed set: 20,000 packages at ~100 bytes. */
export const SET_BYTES = 4 * 1024 * 1024
/** Packages of one set or baseline. */
export const SET_PACKAGES = 20_000
/** Bytes of an operator's request but for a diff. */
export const OPERATOR_BYTES = 4 * 1024 * 1024
/** Seconds a reviewer's token is good for, at most. */
export const REVIEWER_TOKEN_SECONDS = 366 * 86_400
/** Units that start at boot of one image, and orders between them. */
export const BOOT_UNITS = 2000
export const BOOT_EDGES = 20_000
/** Hazards of one diff, and characters of what a script that reviews hands in as evidence. */
export const HAZARDS = 200
export const EVIDENCE_CHARACTERS = 64 * 1024
/** Items that one request ticks, and comments and ticks that are shown of one diff. */
export const ITEMS_TICKED = 1000
export const COMMENTS_SHOWN = 1000
export const TICKS_SHOWN = 20_000
/** Characters of a diff's JSON. */
export const DIFF_CHARACTERS = 32 * 1024 * 1024
/** Bytes of a diff's registration: 32 MiB of JSON once more escaped as a JSON string. */
export const DIFF_BYTES = 80 * 1024 * 1024
/** Flags of one check-in, and characters of each. */
export const FLAGS = 16
export const FLAG_CHARACTERS = 32
/** Repaired paths a run report names; further ones are counted. */
export const RUN_REPAIRED = 100
/** Overrides of a node that a run report names. */
export const RUN_OVERRIDES = 100
/** Triggers of one run report, and characters of each one's output. */
export const RUN_TRIGGERS = 200
export const RUN_OUTPUT_CHARACTERS = 16 * 1024
/** Characters of a path, name or version in a report. */
export const PATH_CHARACTERS = 4096
export const NAME_CHARACTERS = 255
/** Who made one difference. */
export const AUTHORS = 2000
/** Waves of one rollout. */
export const WAVES = 100

/** Runs a node's page shows, and runs kept of each node. */
export const RUNS_SHOWN = 50
export const RUNS_KEPT = 200
/** Records of lists that grow without end: the newest this many are given. */
export const AUDIT_SHOWN = 500
export const ROLLOUTS_SHOWN = 50
export const DIFFS_SHOWN = 100
/** Entries of the attention list. */
export const ATTENTION_SHOWN = 100
/** Nodes named in one sentence; the rest are counted. */
export const NODES_NAMED = 3

/** Seconds after which a node that did not check in is called silent. */
export const NODE_SILENT_SECONDS = 15 * 60

/** Milliseconds between two ticks of an event stream, at least. */
export const EVENT_INTERVAL_MS = 500
/** Milliseconds between two signs of life on an event stream, so that proxies keep it open. */
export const EVENT_HEARTBEAT_MS = 15_000
/** Event streams open at once. */
export const EVENT_LISTENERS = 256
/** Milliseconds a computed view is given out for when nothing is known to have changed: how late a change by another replica shows. */
export const VIEW_AGE_MS = 500

/** Seconds a node's public key is remembered after it was read: how late a replica learns of a revoked key. */
export const NODE_KEY_SECONDS = 30
/** Public keys remembered at once. */
export const NODE_KEYS = 20_000

/** Milliseconds a client may take to send a whole request. */
export const REQUEST_TIMEOUT_MS = 60_000

/** Connections of one server to the database. */
export const DATABASE_CONNECTIONS = 16
/** Connections the embedded database takes. */
export const EMBEDDED_CONNECTIONS = 64
/** Milliseconds a statement may run. */
export const STATEMENT_TIMEOUT_MS = 30_000
/** Milliseconds to wait for a connection. */
export const CONNECT_TIMEOUT_MS = 10_000
/** Milliseconds initdb may take. */
export const INITDB_TIMEOUT_MS = 120_000
/** Milliseconds the embedded database may take to start, the recovery after a crash included. */
export const DATABASE_START_MS = 120_000
/** Milliseconds a predecessor's postmaster may take to end before ours starts. */
export const PREDECESSOR_MS = 15_000
/** Milliseconds a fast shutdown may take before it becomes an immediate one, which costs a recovery at the next start. */
export const DATABASE_STOP_MS = 30_000
/** Bytes a path of a unix socket's directory may have: `sun_path` is 108 (unix(7)), the socket's own name takes 14. */
export const SOCKET_DIRECTORY_BYTES = 92

/** Bytes of the site's first root metadata. */
export const ROOT_METADATA_BYTES = 512 * 1024
/** Seconds that a mirror may wait for news of the site, and mirrors that may do so at a time. */
export const SITE_WAIT_SECONDS = 60
export const SITE_LISTENERS = 500
