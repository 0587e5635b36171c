import { truncate } from '@holotype/base'
import type { VersionOrder } from '@holotype/formats/rules'
import { z } from 'zod'
import type { KnownAdvisory } from '../diff/advisories.ts'
import { fail } from '../errors.ts'
import { OSV_RANGES, OSV_TITLE_LENGTH, OSV_WORD_LENGTH } from './limits.ts'

/*
 * Advisories in the form in which Debian, Ubuntu and others publish them: https://ossf.github.io/osv-schema/. What is not needed is not looked at, as the form
 * grows.
 */

const word = z.string().max(OSV_WORD_LENGTH)
const version = word.min(1)

const event = z.object({
  introduced: version.optional(),
  fixed: version.optional(),
  last_affected: version.optional(),
  limit: version.optional(),
})

const affected = z.object({
  package: z.object({ ecosystem: word, name: word }).optional(),
  ranges: z.array(z.object({ type: word, events: z.array(event) })).optional(),
  ecosystem_specific: z.unknown().optional(),
  database_specific: z.unknown().optional(),
})

const recordSchema = z.object({
  id: word.regex(/^[!-~]+$/),
  summary: z.string().optional(),
  details: z.string().optional(),
  withdrawn: z.string().optional(),
  affected: z.array(affected).optional(),
  severity: z.array(z.object({ type: word, score: word })).nullish(),
  database_specific: z.unknown().optional(),
})

type OsvRecord = z.output<typeof recordSchema>
type Affected = NonNullable<OsvRecord['affected']>[number]

export interface ReadOsvOptions {
  /** How the file is called in errors. */
  readonly file: string
  /** `Debian:12`: what of a record counts, compared as it is written. */
  readonly ecosystem: string
  readonly format: VersionOrder
}

/** What a file of OSV records says of the source packages of one release. */
export interface OsvAdvisories {
  readonly advisories: readonly KnownAdvisory[]
  /** Records that name a package of the release, and no range of its versions. */
  readonly withoutRange: readonly string[]
}

/**
 * Reads a file that holds an OSV record, or a list of them. Withdrawn records count for nothing.
 * @throws ADVISORIES_MALFORMED
 */
export function readOsv(bytes: Uint8Array, { file, ecosystem, format }: ReadOsvOptions): OsvAdvisories {
  const advisories: KnownAdvisory[] = []
  const withoutRange: string[] = []
  for (const value of listOf(bytes, file)) {
    const parsed = recordSchema.safeParse(value)
    if (!parsed.success) throw malformed(file, parsed.error)
    const record = parsed.data
    if (record.withdrawn !== undefined) continue
    for (const item of record.affected ?? []) {
      if (item.package?.ecosystem !== ecosystem) continue
      const said = rangesOf(record, item, format)
      if (said.length === 0) withoutRange.push(record.id)
      advisories.push(...said)
      if (advisories.length > OSV_RANGES)
        throw fail('ADVISORIES_MALFORMED', {
          what: `${file} has more ranges of versions than OSV_RANGES (${OSV_RANGES})`,
        })
    }
  }
  return { advisories, withoutRange }
}

function listOf(bytes: Uint8Array, file: string): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw fail('ADVISORIES_MALFORMED', { what: `${file} is no JSON`, cause })
  }
  return Array.isArray(value) ? value : [value]
}

function malformed(file: string, error: z.ZodError): Error {
  const [issue] = error.issues
  const at = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : ''
  return fail('ADVISORIES_MALFORMED', { what: `${file} holds no OSV record${at}: ${issue?.message ?? ''}` })
}

/** The ranges of versions that are open, each from its first version to the first that is mended. */
function rangesOf(record: OsvRecord, item: Affected, { compareVersions }: VersionOrder): KnownAdvisory[] {
  const { id, summary, details = '' } = record
  const text = summary?.trim() || (details.trim().split('\n')[0] ?? '')
  const about = {
    id,
    title: truncate(text, OSV_TITLE_LENGTH),
    severity: severityOf(record, item),
    package: item.package?.name ?? '',
  }
  const found: KnownAdvisory[] = []
  for (const { type, events } of item.ranges ?? []) {
    if (type !== 'ECOSYSTEM') continue
    let from: string | undefined
    for (const { start, end, through } of inOrder(events, compareVersions)) {
      if (start !== undefined) from ??= start
      else if (from !== undefined) {
        const until = end === undefined ? { lastAffected: through ?? '' } : { fixed: end }
        found.push({ ...about, ...since(from), ...until })
        from = undefined
      }
    }
    if (from !== undefined) found.push({ ...about, ...since(from) })
  }
  return found
}

/** "0" is before every version. */
function since(start: string): { readonly introduced?: string } {
  return start === '0' ? {} : { introduced: start }
}

interface Event {
  readonly start?: string
  readonly end?: string
  /** The last version that is open. */
  readonly through?: string
}

/** Events stand in any order, and are looked at by version. Where a version both mends and opens again, it opens. */
function inOrder(
  events: readonly z.output<typeof event>[],
  compareVersions: VersionOrder['compareVersions'],
): readonly Event[] {
  const all = events.flatMap(({ introduced, fixed, last_affected: last }): (Event & { readonly at: string })[] => [
    ...(introduced === undefined ? [] : [{ at: introduced, start: introduced }]),
    ...(fixed === undefined ? [] : [{ at: fixed, end: fixed }]),
    ...(last === undefined ? [] : [{ at: last, through: last }]),
  ])
  const rank = ({ start, end }: Event) => (end === undefined ? (start === undefined ? 2 : 1) : 0)
  return all.sort((a, b) => {
    const [first, second] = [a.start === '0', b.start === '0']
    if (first !== second) return first ? -1 : 1
    return compareVersions(a.at, b.at) || rank(a) - rank(b)
  })
}

/** The publisher's word (Debian: `urgency`); else a score as it stands. */
function severityOf({ severity, database_specific: of }: OsvRecord, item: Affected): string {
  const words = [item.ecosystem_specific, item.database_specific, of].flatMap((from) =>
    ['urgency', 'severity'].map((key): unknown =>
      typeof from === 'object' && from !== null ? Reflect.get(from, key) : undefined,
    ),
  )
  const said = words.find((one) => typeof one === 'string' && one.length <= OSV_WORD_LENGTH)
  return typeof said === 'string' ? said : (severity?.at(-1)?.score ?? '')
}
