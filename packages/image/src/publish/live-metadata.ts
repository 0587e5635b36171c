import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import { type ChannelStatement, parseStatement } from '@holotype/trust'
import { z } from 'zod'
import { fail } from '../errors.ts'

const meta = z.record(z.string(), z.object({ version: z.number().int() }))
const signedMeta = z.object({ signed: z.object({ meta }) })
const signedTargets = z.object({
  signed: z.object({
    targets: z.record(z.string(), z.object({ hashes: z.object({ sha256: z.string() }) })),
  }),
})

/** A statement that lies on the site. */
export interface StatementFile {
  /** Below the site. */
  readonly path: string
  readonly size: number
  readonly bytes: Buffer
  readonly statement: ChannelStatement
}

/** What the site's timestamp leads to. */
export interface LiveMetadata {
  /** The version of each role's file, by the role: `snapshot`, `channel-web`. */
  readonly versions: ReadonlyMap<string, number>
  /** Of each channel that has one, its statements in ascending order up to the live one, and those after it, which nothing leads to. */
  readonly channels: readonly {
    readonly upToLive: readonly StatementFile[]
    readonly after: readonly StatementFile[]
  }[]
}

/**
 * Reads which of a site's metadata and statements are live. The site is our own, and nothing is verified: what cannot be read ends it, so that nothing is
 * taken for garbage by mistake.
 * @throws SITE_UNREADABLE
 */
export function readLiveMetadata(site: string): LiveMetadata {
  if (!statSync(join(site, 'trust/timestamp.json'), { throwIfNoEntry: false }))
    return { versions: new Map(), channels: [] }
  const snapshot = versionIn(signedMeta, site, 'timestamp.json', 'snapshot.json')
  const listed = parsed(signedMeta, site, `${snapshot}.snapshot.json`).signed.meta
  const versions = new Map(Object.entries(listed).map(([name, { version }]) => [name.replace(/\.json$/, ''), version]))
  versions.set('snapshot', snapshot)
  const all = statementsOf(site)
  const channels = [...versions].flatMap(([role, version]) => {
    const channel = /^channel-(.+)$/.exec(role)?.[1]
    if (channel === undefined) return []
    const { targets } = parsed(signedTargets, site, `${version}.${role}.json`).signed
    const sha256 = targets[`channels/${channel}.json`]?.hashes.sha256
    const own = all.filter(({ statement }) => statement.channel === channel)
    const live = own.findIndex(({ path }) => path === `channels/${sha256}.${channel}.json`)
    if (sha256 !== undefined && live === -1)
      throw fail('SITE_UNREADABLE', {
        what: `${site} has no statement ${sha256} of the channel ${channel}, which is live`,
      })
    return [{ upToLive: own.slice(0, live + 1), after: own.slice(live + 1) }]
  })
  return { versions, channels }
}

function statementsOf(site: string): readonly StatementFile[] {
  const found = namesIn(join(site, 'channels')).flatMap((name): StatementFile[] => {
    if (!/^[0-9a-f]{64}\..+\.json$/.test(name)) return []
    const path = `channels/${name}`
    const bytes = readFileSync(join(site, path))
    try {
      return [{ path, size: bytes.length, bytes, statement: parseStatement(bytes) }]
    } catch (cause) {
      throw fail('SITE_UNREADABLE', { what: `${join(site, path)} is no statement`, cause })
    }
  })
  return found.sort((a, b) => a.statement.number - b.statement.number)
}

function versionIn(schema: typeof signedMeta, site: string, file: string, name: string): number {
  const version = parsed(schema, site, file).signed.meta[name]?.version
  if (version === undefined) throw fail('SITE_UNREADABLE', { what: `trust/${file} of ${site} names no ${name}` })
  return version
}

function parsed<T>(schema: z.ZodType<T>, site: string, file: string): T {
  const path = join(site, 'trust', file)
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw fail('SITE_UNREADABLE', { what: `${path} cannot be read`, cause })
  }
}

/** None where there is no such directory. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
