import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compileGlobs, type Digest, digestOf, errnoOf } from '@holotype/base'
import { fail } from './errors.ts'
import {
  GLOB_LENGTH,
  GLOB_PARTS,
  OVERRIDE_CHARACTERS,
  OVERRIDE_WILDCARDS,
  OVERRIDES,
  OVERRIDES_BYTES,
} from './limits.ts'

/** One line of a node's overrides: paths that its operator keeps as they are, whatever the image has there. */
export interface Override {
  /** As an exclusion of an image. */
  readonly glob: string
  readonly reason: string
}

export interface Overrides {
  /** Of the file; null: there is none. */
  readonly digest: Digest | null
  readonly kept: readonly Override[]
}

const NONE: Overrides = { digest: null, kept: [] }

/** A node that kept these could not be helped from the site any more. */
const AGENT_PATHS = [
  ...['/usr', '/usr/bin', '/usr/bin/holotype-agent', '/usr/lib', '/usr/lib/holotype'],
  ...['/usr/lib/holotype/run-agent', '/usr/lib/holotype/repeat-agent'],
] as const

/**
 * A node's overrides: the file `overrides` of its state directory. Each line is empty, a comment that begins with `#`, or `keep GLOB REASON`.
 * @throws AGENT_OVERRIDES_MALFORMED at the first place that is otherwise
 */
export function readOverrides(state: string): Overrides {
  const file = join(state, 'overrides')
  const bytes = readBounded(file)
  if (!bytes) return NONE
  const kept: Override[] = []
  for (const [index, line] of bytes.toString('utf8').split('\n').entries()) {
    const text = line.trimEnd()
    if (text === '' || text.startsWith('#')) continue
    const place = (column: number) => `${file}:${index + 1}:${column}`
    if (kept.length === OVERRIDES) throw malformed(place(1), `at most ${OVERRIDES} overrides`)
    kept.push(parseLine(text, place))
  }
  return { digest: digestOf(bytes), kept }
}

/** What the overrides keep. @throws AGENT_OVERRIDES_MALFORMED */
export function overriddenGlobs(state: string): string[] {
  return readOverrides(state).kept.map(({ glob }) => glob)
}

/** As `readOverrides`; a file that is malformed keeps nothing, and nothing is done until it is mended. */
export function overridesOrNone(state: string): Overrides {
  try {
    return readOverrides(state)
  } catch {
    return NONE
  }
}

/** The file is not the one that the root was last brought to the image with. */
export function overridesChanged(state: string, before: Digest | null): boolean {
  try {
    return readOverrides(state).digest !== before
  } catch {
    return true
  }
}

function readBounded(file: string): Buffer | undefined {
  try {
    const stat = statSync(file)
    if (!stat.isFile() || stat.size > OVERRIDES_BYTES)
      throw malformed(`${file}:1:1`, `a file of at most ${OVERRIDES_BYTES} bytes`)
    return readFileSync(file)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** `place` names a column, from 1, in characters. */
function parseLine(text: string, place: (column: number) => string): Override {
  const odd = text.search(/(?!\t)\p{Cc}|\ufffd/u)
  if (odd >= 0) throw malformed(place(odd + 1), 'text in UTF-8, without control characters')
  const [, verb = '', gap = '', glob = '', more = '', reason = ''] = /^(\S*)(\s*)(\S*)(\s*)(.*)$/.exec(text) ?? []
  if (verb !== 'keep') throw malformed(place(1), '`keep GLOB REASON`, or a comment that begins with #')
  const at = verb.length + gap.length + 1
  const wanted = wantedOfGlob(glob)
  if (wanted !== undefined) throw malformed(place(at), wanted)
  const why = at + glob.length + more.length
  if (reason === '') throw malformed(place(why), 'a reason after the glob: whoever looks after all nodes reads it')
  if (reason.length > OVERRIDE_CHARACTERS) throw malformed(place(why), `at most ${OVERRIDE_CHARACTERS} characters`)
  return { glob, reason }
}

/** What a glob should be that is otherwise; undefined when it is well. */
function wantedOfGlob(glob: string): string | undefined {
  const [root, ...parts] = glob.split('/')
  if (root !== '' || parts.length === 0) return 'a glob of absolute paths, as /etc/motd or /srv/app/**'
  if (glob.length > GLOB_LENGTH || parts.length > GLOB_PARTS)
    return `a glob of at most ${GLOB_LENGTH} characters and ${GLOB_PARTS} parts`
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'a glob without empty parts, . and ..: no path has them'
  if (parts.some((part) => part !== '**' && part.includes('**'))) return 'a glob in which ** is a whole part'
  // A hostile name takes as many more steps with each more as it is long.
  if ((glob.match(/\*+/g) ?? []).length > OVERRIDE_WILDCARDS)
    return `a glob with at most ${OVERRIDE_WILDCARDS} of * and **`
  if (AGENT_PATHS.some(compileGlobs([glob])))
    return 'a glob that leaves the agent itself to the image; to change nothing at all there is `holotype-agent hold`'
  return undefined
}

function malformed(place: string, wanted: string): Error {
  return fail('AGENT_OVERRIDES_MALFORMED', { what: `${place}: here must be ${wanted}` })
}
