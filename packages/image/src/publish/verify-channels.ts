import { type Digest, digestOf, HolotypeError, hexOf, isErrorCode } from '@holotype/base'
import type { Damage, SiteSource, VerifiedFiles } from '@holotype/repository'
import { openFrame, type PackFrame, type PackIndex, parsePackIndex, parseTree } from '@holotype/store'
import { type ChannelStatement, openTrustClient, type PackRef } from '@holotype/trust'
import { OBJECT_READ_BYTES } from '../limits.ts'
import { parseManifest } from '../manifest.ts'

export interface VerifiedChannel {
  readonly channel: string
  /** Of its statement; null before the first. */
  readonly number: number | null
  /** How many images it leads to, and how many objects they hold. */
  readonly images: number
  readonly objects: number
  readonly damage: readonly Damage[]
}

export interface VerifyChannelsOptions {
  readonly source: SiteSource
  readonly files: Pick<VerifiedFiles, 'entries'>
  /** A root file that is trusted. */
  readonly root: Uint8Array
  /** A directory for the client's cache, which is new. */
  readonly cache: string
  readonly now: Date
}

/**
 * Reads a site's channels as a new node would: the metadata from the root down, each statement, its images' manifests and what those name, every
 * frame of every pack, and each tree down to its last file.
 * @throws FETCH_UNREACHABLE, DISK_FULL
 */
export async function verifyChannels(options: VerifyChannelsOptions): Promise<readonly VerifiedChannel[]> {
  const { source, files, root, cache, now } = options
  const channels = new Set(
    files.entries.flatMap(({ path }) => /^trust\/\d+\.channel-(.+)\.json$/.exec(path)?.[1] ?? []),
  )
  const packs = new Map<Digest, Promise<PackContents>>()
  const verified: VerifiedChannel[] = []
  for (const channel of [...channels].sort()) {
    const fetch = (path: string, maxBytes: number) => source.read(path, maxBytes)
    const client = openTrustClient({ directory: `${cache}/${channel}`, initialRoot: root, fetch, now: () => now })
    const nothing = { channel, number: null, images: 0, objects: 0 }
    try {
      const { statement } = await client.refresh(channel)
      verified.push({ channel, number: statement.number, ...(await verifyStatement(options, statement, packs)) })
    } catch (error) {
      if (isErrorCode(error, 'STATEMENT_MISSING')) verified.push({ ...nothing, damage: [] })
      else verified.push({ ...nothing, damage: [{ path: `channel ${channel}`, what: refusal(error) }] })
    }
  }
  return verified
}

async function verifyStatement(
  { source, files }: VerifyChannelsOptions,
  { current, next }: ChannelStatement,
  packs: Map<Digest, Promise<PackContents>>,
) {
  const damage: Damage[] = []
  const seen = new Set<Digest>()
  const targets = [current, ...(next ? [next] : [])]
  for (const target of targets) {
    try {
      const contents: PackContents[] = []
      for (const ref of target.packs) {
        const read = packs.get(ref.pack) ?? readPack(source, ref)
        packs.set(ref.pack, read)
        contents.push(await read)
      }
      const manifest = parseManifest(await readObject(source, target.image), target.image)
      const { lock, spec, packages, owners, hardlinks, boot } = manifest
      for (const named of [lock, spec, packages, owners, hardlinks, boot]) if (named) await readObject(source, named)
      for (const digest of target.delta ? [target.delta.index, target.delta.pack] : [])
        if (!files.entries.some(({ path }) => path === objectPath(digest)))
          damage.push({ path: objectPath(digest), what: 'is a delta of a statement, and is missing' })
      for (const lacking of walk(manifest.root.tree, contents, seen))
        damage.push({ path: objectPath(target.image), what: `names ${lacking}, which no pack of its statement holds` })
    } catch (error) {
      damage.push({ path: objectPath(target.image), what: refusal(error) })
    }
  }
  return { images: targets.length, objects: seen.size, damage }
}

interface PackContents {
  readonly objects: ReadonlySet<Digest>
  readonly trees: ReadonlyMap<Digest, Buffer>
}

async function readPack(source: SiteSource, ref: PackRef): Promise<PackContents> {
  const index = parsePackIndex(await readObject(source, ref.index, ref.indexSize))
  if (index.pack !== ref.pack || index.size !== ref.size) throw new Error(`the index ${ref.index} is of another pack`)
  const objects = new Set<Digest>()
  const trees = new Map<Digest, Buffer>()
  for await (const { frame, bytes } of framesOf(source, index)) {
    for (const object of openFrame(frame, bytes)) {
      objects.add(object.digest)
      // Packs hold trees and files alike; which is which only the trees know.
      if (object.bytes.subarray(0, TREE.length).equals(TREE)) trees.set(object.digest, Buffer.from(object.bytes))
    }
  }
  return { objects, trees }
}

/** How a tree's canonical JSON begins. */
const TREE = Buffer.from('{"entries":[')

async function* framesOf(source: SiteSource, { pack, size, frames }: PackIndex) {
  const waiting = [...frames]
  let held: Buffer[] = []
  let length = 0
  for await (const chunk of source.rest(objectPath(pack), size, 0)) {
    held.push(Buffer.from(chunk))
    length += chunk.length
    for (let frame = waiting[0]; frame && length >= frame.length; frame = waiting[0]) {
      const all: Buffer = Buffer.concat(held)
      yield { frame, bytes: all.subarray(0, frame.length) } satisfies { frame: PackFrame; bytes: Buffer }
      held = [all.subarray(frame.length)]
      length -= frame.length
      waiting.shift()
    }
  }
  if (waiting.length > 0) throw new Error(`the pack ${pack} ends before its last frame`)
}

/** Everything below a tree; gives what is in no pack. */
function* walk(root: Digest, contents: readonly PackContents[], seen: Set<Digest>): Generator<Digest> {
  const pending = [root]
  for (let tree = pending.pop(); tree !== undefined; tree = pending.pop()) {
    if (seen.has(tree)) continue
    seen.add(tree)
    const bytes = contents.map(({ trees }) => trees.get(tree)).find((found) => found !== undefined)
    if (bytes === undefined) {
      yield tree
      continue
    }
    for (const entry of parseTree(bytes).entries) {
      if (entry.type === 'directory') pending.push(entry.tree)
      else if (entry.type === 'file' && !seen.has(entry.digest)) {
        seen.add(entry.digest)
        if (!contents.some(({ objects }) => objects.has(entry.digest))) yield entry.digest
      }
    }
  }
}

/** `size`: as the statement gives it. */
async function readObject(source: SiteSource, digest: Digest, size?: number): Promise<Buffer> {
  const bytes = await source.read(objectPath(digest), size ?? OBJECT_READ_BYTES)
  if (bytes === undefined) throw new Error(`the object ${digest} is missing`)
  if (size !== undefined && bytes.length !== size) throw new Error(`the object ${digest} has not ${size} bytes`)
  if (digestOf(bytes) !== digest) throw new Error(`the object ${digest} has other bytes`)
  return bytes
}

function objectPath(digest: Digest): string {
  const hex = hexOf(digest)
  return `objects/${hex.slice(0, 2)}/${hex.slice(2)}`
}

function refusal(error: unknown): string {
  if (error instanceof HolotypeError && error.kind === 'unreachable' && error.code !== 'FETCH_NOT_FOUND') throw error
  return `is refused: ${error instanceof Error ? error.message : String(error)}`
}
