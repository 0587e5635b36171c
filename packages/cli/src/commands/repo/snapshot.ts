import { type Digest, formatBytes, nearest, renderPairs } from '@holotype/base'
import { countPackages, openFetcher, rememberTaken, takenSnapshots } from '@holotype/repository'
import type { Store } from '@holotype/store'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { takeSnapshot } from '../../work/upstreams.ts'

export type Flags = CommonFlags & { readonly name?: string }

interface Taken {
  readonly name: string
  readonly upstream: string
  readonly snapshot: Digest
  readonly taken: string
  readonly packages: number
  /** Bytes of indexes fetched. */
  readonly fetched: number
  readonly unsigned: boolean
}

export const exclusive = true

const NAME = /^[a-z0-9][a-z0-9+.-]{0,62}$/

/** Takes an upstream as it is now, and names it. @throws NAME_UNKNOWN, CLI_USAGE, SNAPSHOT_NAME_TAKEN, UPSTREAM_*, REPOSITORY_MALFORMED, DISK_FULL */
export async function run(context: Context, flags: Flags, upstream: string): Promise<Taken> {
  const distribution = await context.distribution()
  const names = Object.keys(distribution.file.upstreams)
  if (!names.includes(upstream)) {
    const near = nearest(upstream, names)
    throw fail('NAME_UNKNOWN', {
      what: `no upstream is called ${upstream}${near === undefined ? '' : `; did you mean ${near}?`}`,
      hint: `the upstreams of this distribution: ${names.join(', ')}`,
    })
  }
  const store = await context.store()
  if (flags.name !== undefined) checkName(flags.name)
  await using fetcher = openFetcher({ signal: context.signal })
  const { digest, snapshot, bytesFetched } = await takeSnapshot(context, { distribution, fetcher, name: upstream })
  const taken = context.now().toISOString()
  const name = flags.name ?? nameFor(store, { upstream, snapshot: digest, day: taken.slice(0, 10) })
  rememberTaken(store, { upstream, snapshot: digest, taken, name })
  await store.flush()
  return {
    name,
    upstream,
    snapshot: digest,
    taken,
    packages: countPackages(store, digest),
    fetched: bytesFetched,
    unsigned: snapshot.suites.some((suite) => suite.unsigned),
  }
}

/** Words with a meaning of their own are no names. */
function checkName(name: string): void {
  if (NAME.test(name) && name !== 'latest' && !name.endsWith('.lock')) return
  throw fail('CLI_USAGE', {
    what: `"${name}" cannot name a snapshot`,
    hint: 'a name is 1 to 63 lower-case letters, digits, "+", "." and "-"; it is not "latest" and does not end in ".lock"',
  })
}

interface Unnamed {
  readonly upstream: string
  readonly snapshot: Digest
  /** `2026-11-21` */
  readonly day: string
}

/** `debian-20261121`; a second state of one day is `debian-20261121.2`. The same state keeps the name it has. */
function nameFor(store: Store, { upstream, snapshot, day }: Unnamed): string {
  const notes = takenSnapshots(store)
  const known = notes.find((note) => note.snapshot === snapshot && note.upstream === upstream && note.name !== null)
  if (known?.name) return known.name
  const used = new Set(notes.map(({ name }) => name))
  const first = `${upstream}-${day.replaceAll('-', '')}`
  if (!used.has(first)) return first
  for (let number = 2; ; number++) if (!used.has(`${first}.${number}`)) return `${first}.${number}`
}

export function show(taken: Taken, { paint }: View): string {
  const pairs = renderPairs(
    [
      ['snapshot', paint.bold(taken.name)],
      ['of', `${taken.upstream}, ${taken.packages} packages`],
      ['signature', taken.unsigned ? paint.yellow('none: nobody vouches for it') : 'good'],
      ['fetched', taken.fetched === 0 ? 'nothing: unchanged' : formatBytes(taken.fetched)],
    ],
    paint,
  )
  // Whole, and on a line of its own, to be copied.
  return `${pairs}${taken.snapshot}\n`
}
