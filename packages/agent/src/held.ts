import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, errnoOf, isDigest, removePath, writeFileAtomic } from '@holotype/base'
import { readConfig } from './config.ts'
import { isFields } from './json.ts'

/** A local operator's hold: the node changes nothing until it is released, and says so with every check-in. */
export interface Held {
  readonly reason: string
  /** ISO 8601, UTC. */
  readonly since: string
}

/** An image that the node went back from: it does not go there again before a newer statement or an operator's release. */
export interface Refused {
  readonly image: Digest
  /** Where the root goes, or is, instead. */
  readonly back: Digest
  /** The number of the channel statement that was obeyed when it went back. */
  readonly statement: number
  readonly reason: string
}

const HELD = 'held.json'
const REFUSED = 'refused.json'

/** Holds the node. @throws AGENT_NOT_ENROLLED */
export function hold(state: string, held: Held): void {
  readConfig(state)
  writeFileAtomic(join(state, HELD), `${JSON.stringify({ reason: held.reason, since: held.since })}\n`)
}

/** Ends a hold, and lets the node go where its channel leads, also to an image it went back from. @throws AGENT_NOT_ENROLLED */
export function release(state: string): void {
  readConfig(state)
  obeyAgain(state)
  removePath(join(state, HELD))
}

/** The hold in force, or undefined. A file that does not parse still holds: doing nothing is the safe side. */
export function readHeld(state: string): Held | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(state, HELD), 'utf8'))
    const fields = isFields(value) ? value : {}
    return {
      reason: typeof fields.reason === 'string' ? fields.reason : '',
      since: typeof fields.since === 'string' ? fields.since : '',
    }
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : { reason: `${HELD} cannot be read`, since: '' }
  }
}

export function refuse(state: string, refused: Refused): void {
  writeFileAtomic(join(state, REFUSED), `${JSON.stringify(refused)}\n`)
}

export function obeyAgain(state: string): void {
  removePath(join(state, REFUSED))
}

/** The image the node went back from, or undefined; also when the file is damaged: then it tries the image once more. */
export function readRefused(state: string): Refused | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(state, REFUSED), 'utf8'))
    if (!isFields(value)) return undefined
    const { image, back, statement, reason } = value
    if (!isDigest(image) || !isDigest(back) || typeof statement !== 'number') return undefined
    return { image, back, statement, reason: typeof reason === 'string' ? reason : '' }
  } catch {
    return undefined
  }
}
