import type { Digest } from '@holotype/base'

/** A pack of the site and its index, both objects. */
export interface PackRef {
  readonly index: Digest
  /** Bytes of the index: whoever fetches it reads no more. */
  readonly indexSize: number
  readonly pack: Digest
  /** Bytes of the pack. */
  readonly size: number
}

/** What leads from one image to another: a shortcut for nodes that are at the first. */
export interface DeltaRef extends PackRef {
  /** The digest of the image manifest that a node must be at. */
  readonly from: Digest
}

/** An image a channel leads to, with the packs that together hold every object of it. */
export interface ChannelTarget {
  /** The digest of the image manifest. */
  readonly image: Digest
  readonly packs: readonly PackRef[]
  readonly delta?: DeltaRef
}

/** One wave of a rollout: who is in it and whether it is open. A node is in the first wave that selects it. */
export interface Wave {
  readonly name: string
  /** Labels a node must all have; empty selects every node. */
  readonly select: Readonly<Record<string, string>>
  /** Of the nodes selected, how many in 10,000 belong to this wave. */
  readonly share: number
  readonly open: boolean
}

/** The move of a channel to its next image. */
export interface Rollout {
  readonly id: string
  readonly waves: readonly Wave[]
  /** ISO 8601, UTC, whole seconds, before the statement's expiry: until then no node goes to the next image, whatever is open. */
  readonly notBefore?: string
}

/** The signed pointer of a channel, a TUF target. At most two images are live in it. */
export interface ChannelStatement {
  readonly schema: 'holotype.channel/2'
  readonly channel: string
  /** Grows with every statement of the channel; a node never goes back to a lower one. */
  readonly number: number
  /** The number of the statement that this one repeats, word for word, with a later expiry: who obeyed that one has obeyed this one. */
  readonly renews?: number
  /** ISO 8601, UTC, whole seconds. */
  readonly issued: string
  readonly expires: string
  readonly current: ChannelTarget
  readonly next?: ChannelTarget
  readonly rollout?: Rollout
  /** Why this statement was made, by whom, from which commit of the distribution. */
  readonly reason: string
  readonly actor: string
  readonly commit: string
}
