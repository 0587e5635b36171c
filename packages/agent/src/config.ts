import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '@holotype/base'
import type { ThrottleSettings } from '@holotype/image'
import { fail } from './errors.ts'
import { throttleFrom } from './throttle/settings.ts'
import { asFields, asText, asTextMap, asTexts, FormError } from './json.ts'

/** Who this node is and where it pulls from: `config.json` of the state directory, written by enrolment. */
export interface AgentConfig {
  readonly node: string
  readonly name: string
  readonly channel: string
  readonly labels: Readonly<Record<string, string>>
  readonly server: string
  /** The site's mirrors, first preferred. */
  readonly sites: readonly string[]
  /** The directory that is kept at the image; of a node with two roots where the running one is found. */
  readonly root: string
  /** A node with two roots: the one that does not run is brought to the next image, and starts next. */
  readonly roots?: {
    readonly directories: readonly [a: string, b: string]
    /** The link that leads to the one that starts next. */
    readonly current: string
    /** A program that makes its argument, one of the two, the root that the boot loader starts. */
    readonly activate?: string
  }
  /** Goes before what images say; set by who looks after the node, not by enrolment. */
  readonly throttle?: ThrottleSettings
}

/** @throws AGENT_NOT_ENROLLED, AGENT_STATE_MALFORMED */
export function readConfig(state: string): AgentConfig {
  const text = readStateText(state, 'config.json')
  try {
    const fields = asFields(JSON.parse(text), 'config.json')
    return {
      node: asText(fields.node, 'node'),
      name: asText(fields.name, 'name'),
      channel: asText(fields.channel, 'channel'),
      labels: asTextMap(fields.labels, 'labels'),
      server: asText(fields.server, 'server'),
      sites: asTexts(fields.sites, 'sites'),
      root: asText(fields.root, 'root'),
      ...(fields.roots === undefined ? {} : { roots: asRoots(fields.roots) }),
      ...(fields.throttle === undefined ? {} : { throttle: throttleFrom(fields.throttle) }),
    }
  } catch (error) {
    throw fail('AGENT_STATE_MALFORMED', { what: `${join(state, 'config.json')} is not a configuration`, cause: error })
  }
}

function asRoots(value: unknown): NonNullable<AgentConfig['roots']> {
  const { directories, current, activate } = asFields(value, 'roots')
  const [a, b, ...more] = asTexts(directories, 'roots.directories')
  if (a === undefined || b === undefined || more.length > 0) throw new FormError('roots.directories are not two')
  return {
    directories: [a, b],
    current: asText(current, 'roots.current'),
    ...(activate === undefined ? {} : { activate: asText(activate, 'roots.activate') }),
  }
}

/** The node's own Ed25519 key. @throws AGENT_NOT_ENROLLED, AGENT_STATE_MALFORMED */
export function readNodeKey(state: string): KeyObject {
  const text = readStateText(state, 'key.pem')
  try {
    return createPrivateKey(text)
  } catch (error) {
    throw fail('AGENT_STATE_MALFORMED', { what: `${join(state, 'key.pem')} is not a private key`, cause: error })
  }
}

function readStateText(state: string, name: string): string {
  try {
    return readFileSync(join(state, name), 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw fail('AGENT_NOT_ENROLLED', { what: `${state} holds no ${name}`, cause: error })
    throw error
  }
}
