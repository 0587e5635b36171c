import { isDigest } from '@holotype/base'
import { fail } from '../errors.ts'
import {
  BUCKETS,
  CHANNEL_NAME_LENGTH,
  INDEX_BYTES,
  STATEMENT_BYTES,
  STATEMENT_TEXT_LENGTH,
  STATEMENT_WAVES,
  TARGET_PACKS,
  WAVE_LABELS,
} from '../limits.ts'
import type { ChannelStatement, ChannelTarget, DeltaRef, PackRef, Rollout, Wave } from '../statement.ts'
import { fields, flag, jsonOf, list, oneOf, parseWith, ShapeError, text, time, whole } from './shape.ts'

/**
 * Reads a channel statement and checks its form; who signed it is checked elsewhere. Fields it does not know are left out: what changes a
 * statement's meaning gets a new `schema`.
 * @throws STATEMENT_MALFORMED
 */
export function parseStatement(bytes: Uint8Array): ChannelStatement {
  return parseWith(
    () => {
      if (bytes.length > STATEMENT_BYTES) throw new ShapeError(`it has more than ${STATEMENT_BYTES} bytes`)
      return readStatement(jsonOf(bytes))
    },
    (why, cause) => fail('STATEMENT_MALFORMED', { what: `this is no channel statement: ${why}`, cause }),
  )
}

function readStatement(value: unknown): ChannelStatement {
  const of = fields(value, 'it')
  if ((of['next'] === undefined) !== (of['rollout'] === undefined))
    throw new ShapeError('next and rollout stand together or not at all')
  const number = whole(of['number'], 'number', 1)
  const expires = time(of['expires'], 'expires')
  const rollout = of['rollout'] === undefined ? undefined : readRollout(of['rollout'])
  if (rollout?.notBefore !== undefined && Date.parse(rollout.notBefore) >= Date.parse(expires))
    throw new ShapeError('rollout.notBefore is not before expires')
  return {
    schema: oneOf(of['schema'], 'schema', ['holotype.channel/2']),
    channel: text(of['channel'], 'channel', CHANNEL_NAME_LENGTH),
    number,
    ...(of['renews'] === undefined ? {} : { renews: whole(of['renews'], 'renews', 1, number - 1) }),
    issued: time(of['issued'], 'issued'),
    expires,
    current: readTarget(of['current'], 'current'),
    ...(of['next'] === undefined ? {} : { next: readTarget(of['next'], 'next') }),
    ...(rollout === undefined ? {} : { rollout }),
    reason: text(of['reason'], 'reason', STATEMENT_TEXT_LENGTH),
    actor: text(of['actor'], 'actor', STATEMENT_TEXT_LENGTH),
    commit: text(of['commit'], 'commit', STATEMENT_TEXT_LENGTH),
  }
}

function readTarget(value: unknown, at: string): ChannelTarget {
  const of = fields(value, at)
  return {
    image: digest(of['image'], `${at}.image`),
    packs: list(of['packs'], `${at}.packs`, TARGET_PACKS).map((pack, index) => readPack(pack, `${at}.packs.${index}`)),
    ...(of['delta'] === undefined ? {} : { delta: readDelta(of['delta'], `${at}.delta`) }),
  }
}

function readDelta(value: unknown, at: string): DeltaRef {
  return { from: digest(fields(value, at)['from'], `${at}.from`), ...readPack(value, at) }
}

function readPack(value: unknown, at: string): PackRef {
  const of = fields(value, at)
  return {
    index: digest(of['index'], `${at}.index`),
    indexSize: whole(of['indexSize'], `${at}.indexSize`, 1, INDEX_BYTES),
    pack: digest(of['pack'], `${at}.pack`),
    size: whole(of['size'], `${at}.size`, 0),
  }
}

function readRollout(value: unknown): Rollout {
  const of = fields(value, 'rollout')
  const waves = list(of['waves'], 'rollout.waves', STATEMENT_WAVES).map(readWave)
  if (new Set(waves.map((wave) => wave.name)).size < waves.length) throw new ShapeError('two waves have one name')
  const id = text(of['id'], 'rollout.id', STATEMENT_TEXT_LENGTH)
  if (id === '') throw new ShapeError('rollout.id is empty')
  const notBefore = of['notBefore']
  return { id, waves, ...(notBefore === undefined ? {} : { notBefore: time(notBefore, 'rollout.notBefore') }) }
}

function readWave(value: unknown, index: number): Wave {
  const at = `rollout.waves.${index}`
  const of = fields(value, at)
  const select = Object.entries(fields(of['select'], `${at}.select`))
  if (select.length > WAVE_LABELS) throw new ShapeError(`${at}.select has more than ${WAVE_LABELS} labels`)
  return {
    name: text(of['name'], `${at}.name`, STATEMENT_TEXT_LENGTH),
    select: Object.fromEntries(
      select.map(([label, wanted]) => [label, text(wanted, `${at}.select`, STATEMENT_TEXT_LENGTH)]),
    ),
    share: whole(of['share'], `${at}.share`, 0, BUCKETS),
    open: flag(of['open'], `${at}.open`),
  }
}

function digest(value: unknown, at: string) {
  if (!isDigest(value)) throw new ShapeError(`${at} is no digest`)
  return value
}
