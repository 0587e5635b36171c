import { closeSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@holotype/base'
import { inSiteTurn } from '@holotype/repository'
import { OBJECT_READ_BYTES, SITE_GRACE_SECONDS } from '../limits.ts'
import { type LiveMetadata, namesIn, readLiveMetadata, type StatementFile } from './live-metadata.ts'

export interface CollectSiteOptions {
  readonly site: string
  readonly now: Date
  /** Seconds that what was live stays, and what was written and never was. Default: two weeks. */
  readonly grace?: number
  /** Removes nothing and tells what would be. */
  readonly dryRun?: boolean
}

/** Why something stays or goes. */
export type CollectReason = 'live' | 'rollback' | 'grace' | 'recent' | 'unreferenced'

export interface CollectedAmount {
  readonly reason: CollectReason
  readonly files: number
  readonly bytes: number
}

export interface CollectedSite {
  readonly kept: readonly CollectedAmount[]
  /** All `unreferenced`. */
  readonly removed: CollectedAmount
  /** Below the site. */
  readonly paths: readonly string[]
}

interface Found {
  readonly path: string
  readonly size: number
  /** Seconds since the epoch. */
  readonly written: number
}

/**
 * Removes from a site the objects, statements and metadata that nobody needs. What a channel's live statement leads to stays; so does what leads back to
 * the image before, what was live within the grace time, and what was written within it. An object keeps what it names. It waits for a publish that is under
 * way, and a publish waits for it: what a publish has put there and not named yet is not looked at.
 * @throws SITE_UNREADABLE, REPOSITORY_BUSY
 */
export function collectSite(options: CollectSiteOptions): Promise<CollectedSite> {
  const { site, now, grace = SITE_GRACE_SECONDS, dryRun = false } = options
  return inSiteTurn(site, async () => {
    const since = now.getTime() / 1000 - grace
    const live = readLiveMetadata(site)
    const objects = objectsOn(site)
    const reasons = new Map<string, CollectReason>()
    const statements = statementsByReason(live, since)
    for (const reason of ['live', 'rollback', 'grace'] as const) {
      const files = statements.get(reason) ?? []
      for (const { path } of files) note(reasons, path, reason)
      mark(
        site,
        files.flatMap(({ bytes }) => digestsIn(bytes)),
        { objects, reasons, reason },
      )
    }
    for (const [role, version] of live.versions) note(reasons, `trust/${version}.${role}.json`, 'live')
    const metadata = oldMetadata(site, live)
    // A version was live until the next one was written.
    for (const { path, until } of metadata) if (until > since) note(reasons, path, 'grace')
    const all = [...objects.values(), ...statementFiles(site, live), ...metadata]
    // What was written lately keeps what it names too: a publisher that was stopped will name it, and takes what is there for granted.
    const recent = all.filter(({ path, written }) => written > since && !reasons.has(path))
    for (const { path } of recent) note(reasons, path, 'recent')
    mark(
      site,
      recent.flatMap(({ path }) => digestOfPath(path)),
      { objects, reasons, reason: 'recent' },
    )
    const gone = all.filter(({ path }) => !reasons.has(path))
    // Statements first: none is left that leads to what is gone.
    gone.sort((a, b) => Number(a.path.startsWith('objects/')) - Number(b.path.startsWith('objects/')))
    if (!dryRun) for (const { path } of gone) rmSync(join(site, path), { force: true })
    const sum = (reason: CollectReason, files: readonly Found[]): CollectedAmount => ({
      reason,
      files: files.length,
      bytes: files.reduce((bytes, { size }) => bytes + size, 0),
    })
    const kept = (['live', 'rollback', 'grace', 'recent'] as const)
      .map((reason) =>
        sum(
          reason,
          all.filter(({ path }) => reasons.get(path) === reason),
        ),
      )
      .filter(({ files }) => files > 0)
    return { kept, removed: sum('unreferenced', gone), paths: gone.map(({ path }) => path) }
  })
}

/** The first reason counts. */
function note(reasons: Map<string, CollectReason>, path: string, reason: CollectReason): void {
  if (!reasons.has(path)) reasons.set(path, reason)
}

function statementsByReason({ channels }: LiveMetadata, since: number): ReadonlyMap<CollectReason, StatementFile[]> {
  const byReason = new Map<CollectReason, StatementFile[]>([
    ['live', []],
    ['rollback', []],
    ['grace', []],
  ])
  const add = (reason: CollectReason, file: StatementFile | undefined) => file && byReason.get(reason)?.push(file)
  for (const { upToLive } of channels) {
    const live = upToLive.at(-1)
    if (!live) continue
    add('live', live)
    const images = [live.statement.current.image, live.statement.next?.image]
    add(
      'rollback',
      upToLive.findLast(({ statement }) => !images.includes(statement.current.image)),
    )
    // A statement was live until the next one was issued.
    for (const [index, file] of upToLive.entries()) {
      const until = upToLive[index + 1]?.statement.issued
      if (until !== undefined && Date.parse(until) / 1000 > since) add('grace', file)
    }
  }
  return byReason
}

interface Marking {
  readonly objects: ReadonlyMap<Digest, Found>
  readonly reasons: Map<string, CollectReason>
  readonly reason: CollectReason
}

/** Everything that digests lead to, over objects that name others: whatever they are, so that a new kind of object keeps what it needs too. */
function mark(site: string, digests: readonly Digest[], { objects, reasons, reason }: Marking): void {
  const pending = [...digests]
  const seen = new Set<Digest>()
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    const object = objects.get(digest)
    if (!object || seen.has(digest)) continue
    seen.add(digest)
    note(reasons, object.path, reason)
    pending.push(...namedBy(join(site, object.path), object.size))
  }
}

/** The digests in an object of JSON; packs and other objects name nothing. */
function namedBy(path: string, size: number): readonly Digest[] {
  if (size > OBJECT_READ_BYTES) return []
  const file = openSync(path, 'r')
  try {
    const first = Buffer.alloc(1)
    readSync(file, first)
    if (!['{', '['].includes(first.toString())) return []
    return digestsIn(readFileSync(file))
  } finally {
    closeSync(file)
  }
}

function digestsIn(bytes: Buffer): readonly Digest[] {
  return [...bytes.toString('latin1').matchAll(/sha256:([0-9a-f]{64})/g)].map(([, hex]): Digest => `sha256:${hex}`)
}

function objectsOn(site: string): ReadonlyMap<Digest, Found> {
  const found = new Map<Digest, Found>()
  for (const head of namesIn(join(site, 'objects'))) {
    if (!/^[0-9a-f]{2}$/.test(head)) continue
    for (const rest of namesIn(join(site, 'objects', head)))
      for (const object of foundAt(site, `objects/${head}/${rest}`)) found.set(`sha256:${head}${rest}`, object)
  }
  return found
}

function digestOfPath(path: string): readonly Digest[] {
  const [, head, rest] = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(path) ?? []
  return head === undefined || rest === undefined ? [] : [`sha256:${head}${rest}`]
}

function statementFiles(site: string, { channels }: LiveMetadata): readonly Found[] {
  return channels.flatMap(({ upToLive, after }) => [...upToLive, ...after]).flatMap(({ path }) => foundAt(site, path))
}

/**
 * Files of roles below their live version. Those above it, of a publisher that was stopped, say which numbers are taken; and the chain of root files is
 * what old clients come forward by.
 */
function oldMetadata(site: string, { versions }: LiveMetadata): readonly (Found & { readonly until: number })[] {
  const files = namesIn(join(site, 'trust')).flatMap((name) => {
    const [, number, role = ''] = /^(\d+)\.(.+)\.json$/.exec(name) ?? []
    const live = role === 'root' ? undefined : versions.get(role)
    if (live === undefined || Number(number) > live) return []
    return foundAt(site, `trust/${name}`).map((found) => ({ ...found, role, version: Number(number) }))
  })
  files.sort((a, b) => a.version - b.version)
  return [...Map.groupBy(files, ({ role }) => role).values()].flatMap((own) =>
    own.map((file, index) => ({ ...file, until: own[index + 1]?.written ?? Number.POSITIVE_INFINITY })),
  )
}

function foundAt(site: string, path: string): Found[] {
  const facts = statSync(join(site, path), { throwIfNoEntry: false })
  return facts?.isFile() ? [{ path, size: facts.size, written: facts.mtimeMs / 1000 }] : []
}
