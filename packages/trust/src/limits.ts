/** Every limit of this package, named, with its unit. */

/** New root files a client follows in one refresh (TUF 1.0 §5.3.3: bound the loop). */
export const MAX_ROOT_ROTATIONS = 256
/** Bytes of one root file. */
export const ROOT_BYTES = 512 * 1024
/** Bytes of timestamp.json: the one file whose size nothing above it states. */
export const TIMESTAMP_BYTES = 16 * 1024
/** Bytes of one snapshot file. */
export const SNAPSHOT_BYTES = 2 * 1024 * 1024
/** Bytes of the targets file, and of a channel's. */
export const TARGETS_BYTES = 4 * 1024 * 1024
/** Characters of a public key in the metadata. */
export const PUBLIC_KEY_LENGTH = 8192
/** Bits of an RSA modulus: fewer can be broken, more cost a client too much. */
export const MIN_RSA_BITS = 2048
export const MAX_RSA_BITS = 8192
/** Delegated roles that one search for a target reads (§5.6.7.1). */
export const MAX_DELEGATIONS = 32
/** Bytes of one target that the conformance client takes: it holds them in memory. */
export const TARGET_BYTES = 64 * 1024 * 1024
/** Bytes of one channel statement. */
export const STATEMENT_BYTES = 256 * 1024

/** Characters of a channel's name. */
export const CHANNEL_NAME_LENGTH = 63
/** Characters of a text in a statement: reason, actor, commit, labels, names. */
export const STATEMENT_TEXT_LENGTH = 4096
/** Waves of one rollout. */
export const STATEMENT_WAVES = 100
/** Labels one wave may ask for. */
export const WAVE_LABELS = 64
/** Bytes of the index of one pack or delta: some million files. */
export const INDEX_BYTES = 128 * 1024 * 1024
/** Packs that together hold one image. */
export const TARGET_PACKS = 1024

/** The number of buckets a fleet is split into: a share is a count of these. */
export const BUCKETS = 10_000

/** Seconds a role's metadata stays good when the caller names no other. The longer, the fewer signings; the shorter, the sooner a frozen mirror is noticed. */
export const ROLE_LIFETIMES = {
  root: 365 * 86_400,
  targets: 365 * 86_400,
  snapshot: 30 * 86_400,
  timestamp: 7 * 86_400,
} as const

/** Bytes of one keyring of OpenPGP public keys. */
export const KEYRING_BYTES = 8 * 1024 * 1024
/** Bytes of one clear-signed text. */
export const CLEAR_SIGNED_BYTES = 16 * 1024 * 1024
/** Bytes of one detached signature: a few hundred, times the keys that signed. */
export const DETACHED_SIGNATURE_BYTES = 256 * 1024
/** Milliseconds a program may take to sign: a person may have to touch a token. */
export const SIGNER_TIMEOUT_MS = 120_000
/** Bytes of one signature that a program gives. */
export const SIGNATURE_BYTES = 4096
/** Bytes of one private key file. */
export const KEY_FILE_BYTES = 64 * 1024
/** Characters of the comment that a minisign signature carries: minisign reads no more. */
export const SIGNATURE_COMMENT_LENGTH = 8000
