import type { Digest } from '@holotype/base'

/** What agent and server say to each other. Shapes alone: the server checks them with schemas of its own. */

/** `POST /api/v1/nodes/enrol` */
export interface EnrolRequest {
  /** The one-time secret of the enrolment token. */
  readonly token: string
  /** The node's own Ed25519 public key, SPKI, base64. */
  readonly publicKey: string
  readonly hostname: string
}

export interface EnrolResponse {
  readonly node: string
  readonly name: string
  readonly channel: string
  readonly labels: Readonly<Record<string, string>>
}

/** `POST /api/v1/checkin`: a node's state in about 200 bytes. */
export interface CheckinRequest {
  /** The image manifest the root is at, null before the first sync. */
  readonly image: Digest | null
  /** The number of the last channel statement obeyed. */
  readonly statement: number
  /** The digest of the installed set. */
  readonly set: Digest | null
  readonly kernel: string
  /**
   * Words: `held`; `failed`; `rolled-back` from the image that the channel wants of it; `reboot-pending`: the newest kernel does not run,
   * or of two roots the one that starts next; `restart-pending`: programs run that are replaced on the disk; `units-failed`; `overrides`: the node
   * keeps paths of its own.
   */
  readonly flags: readonly string[]
}

export interface CheckinResponse {
  /** `send-set`: the server does not know the set yet; PUT it. */
  readonly answer: 'same' | 'send-set'
}

/** One installed package of a set; a set is these sorted by name, then architecture, as canonical JSON. */
export interface PackageSetEntry {
  readonly name: string
  readonly version: string
  readonly architecture: string
}

/** `POST /api/v1/runs`: what one sync did. */
export interface RunReport {
  /** Made by the agent: a repeated report is stored once. */
  readonly run: string
  readonly outcome: 'converged' | 'failed'
  readonly from: Digest | null
  readonly to: Digest
  readonly statement: number
  /** ISO 8601, UTC. */
  readonly started: string
  readonly milliseconds: number
  readonly bytesFetched: number
  readonly changed: { readonly written: number; readonly removed: number; readonly metadata: number }
  /** Paths that differed from the image the node claimed to be at (drift), repaired. At most 100, then counted only. */
  readonly repaired: readonly string[]
  readonly repairedCount: number
  /** What the node's overrides keep, at most 100; absent: nothing. */
  readonly overrides?: readonly { readonly glob: string; readonly reason: string }[]
  /** Whose these paths are in the image, where it has them: `package:NAME`, `spec`, `step:NAME`. Absent: not known. */
  readonly repairedOwners?: Readonly<Record<string, string>>
  readonly triggers: readonly {
    readonly name: string
    readonly exit: number
    readonly milliseconds: number
    readonly output: string
  }[]
  readonly error?: { readonly code: string; readonly what: string; readonly hint: string }
}

/**
 * Every request but enrolment is signed by the node's key:
 * `authorization: Holotype-Node node="ID", time="UNIX SECONDS", signature="BASE64"`, an Ed25519 signature over
 * `METHOD\nPATH\nTIME\nsha256:BODY DIGEST`.
 */
export function signedText(method: string, path: string, time: number, body: Digest): string {
  return `${method}\n${path}\n${time}\n${body}`
}
