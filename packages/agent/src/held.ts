import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, writeFileAtomic } from '@holotype/base'
import { readConfig } from './config.ts'
import { isFields } from './json.ts'

/** A local operator's hold: the node changes nothing until it is released, and says so with every check-in. */
export interface Held {
  readonly reason: string
  /** ISO 8601, UTC. */
  readonly since: string
}

const FILE = 'held.json'

/** Holds the node. @throws AGENT_NOT_ENROLLED */
export function hold(state: string, held: Held): void {
  readConfig(state)
  writeFileAtomic(join(state, FILE), `${JSON.stringify({ reason: held.reason, since: held.since })}\n`)
}

/** Ends a hold; nothing happens when there is none. @throws AGENT_NOT_ENROLLED */
export function release(state: string): void {
  readConfig(state)
  rmSync(join(state, FILE), { force: true })
}

/** The hold in force, or undefined. A file that does not parse still holds: doing nothing is the safe side. */
export function readHeld(state: string): Held | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(state, FILE), 'utf8'))
    const fields = isFields(value) ? value : {}
    return {
      reason: typeof fields.reason === 'string' ? fields.reason : '',
      since: typeof fields.since === 'string' ? fields.since : '',
    }
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : { reason: `${FILE} cannot be read`, since: '' }
  }
}
