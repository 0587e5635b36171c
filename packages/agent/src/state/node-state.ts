import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Digest, isDigest, removePath, syncDirectory, writeFileAtomic } from '@holotype/base'
import { type Fields, isFields } from '../json.ts'
import { LOOK_MS } from '../limits.ts'

/** What the node is at: `state.json`. Written only after the root's bytes are durable. */
export interface NodeState {
  /** The image the root was last brought to; null before the first. */
  readonly image: Digest | null
  /** Number of the last channel statement obeyed. */
  readonly statement: number
  /** What the last failed run was about, so that the same failure is reported once. */
  readonly failure: string | null
  /** The image the root was at before this one: `rollback` goes there. */
  readonly previous: Digest | null
  /** The health checks of the image are still to pass. */
  readonly unchecked: boolean
  /** The overrides that the root was brought to the image with; null: none. */
  readonly overrides: Digest | null
  /** When the look at every path began that ended in the image last: milliseconds since the epoch; 0: never. */
  readonly looked: number
}

/**
 * A sync at work: `journal.json`. While it is there the root may be anything between two images, so the next run looks at every path;
 * triggers that were due are not lost.
 */
export interface Journal {
  readonly from: Digest | null
  readonly to: Digest
  /** Names of triggers that still have to run. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

const EMPTY: NodeState = {
  image: null,
  statement: 0,
  failure: null,
  previous: null,
  unchecked: false,
  overrides: null,
  looked: 0,
}

/** The node's state; a file that is absent or damaged is the state of a node before its first sync: everything is looked at again. */
export function readNodeState(state: string): NodeState {
  const fields = readFields(join(state, 'state.json'))
  if (!fields) return EMPTY
  const { image, statement, failure, previous, unchecked, overrides, looked } = fields
  return {
    image: isDigest(image) ? image : null,
    statement: numberOf(statement),
    failure: typeof failure === 'string' ? failure : null,
    previous: isDigest(previous) ? previous : null,
    unchecked: unchecked === true,
    overrides: isDigest(overrides) ? overrides : null,
    looked: numberOf(looked),
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}

/**
 * Every path is to be looked at again. Nodes do not do it together, as their runs do not come together; a clock that was set back must not put it
 * off.
 */
export function isLookDue({ looked }: NodeState, now: number): boolean {
  return now < looked || now >= looked + LOOK_MS
}

export function writeNodeState(state: string, value: NodeState): void {
  writeFileAtomic(join(state, 'state.json'), `${JSON.stringify(value)}\n`, 0o600)
}

/** The journal of an interrupted sync. A damaged one still tells that a sync was interrupted. */
export function readJournal(state: string): Partial<Journal> | undefined {
  const path = join(state, 'journal.json')
  const fields = readFields(path)
  if (!fields) return exists(path) ? {} : undefined
  return {
    from: isDigest(fields.from) ? fields.from : null,
    ...(isDigest(fields.to) ? { to: fields.to } : {}),
    before: texts(fields.before),
    after: texts(fields.after),
  }
}

export function writeJournal(state: string, journal: Journal): void {
  writeFileAtomic(join(state, 'journal.json'), `${JSON.stringify(journal)}\n`, 0o600)
}

export function removeJournal(state: string): void {
  const path = join(state, 'journal.json')
  removePath(path)
  syncDirectory(dirname(path))
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

function readFields(path: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}
