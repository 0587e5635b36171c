import { resolve } from 'node:path'
import {
  describePrepared,
  type PreparedFile,
  prepareChange,
  readPublicKey,
  roleOf,
  type SignerChange,
} from '@holotype/trust'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import { showPrepared } from '../../view/prepared.ts'

export type Flags = CommonFlags & {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  readonly threshold?: readonly string[]
  readonly rotate?: readonly string[]
  readonly channel?: readonly string[]
}

export const exclusive = true
export const show = showPrepared

/** @throws CLI_USAGE, THRESHOLD_UNREACHABLE, KEY_MISSING, KEY_MALFORMED, CHANNEL_UNKNOWN, CHANGE_OUTDATED, METADATA_*, TRUST_BUSY */
export async function run(context: Context, flags: Flags, directory: string): Promise<readonly PreparedFile[]> {
  const changes: SignerChange[] = (flags.channel ?? []).map((name) => ({ role: roleOf(`channel-${name}`) }))
  for (const [role, file] of (flags.add ?? []).map(pair))
    changes.push({ role, add: [(await readPublicKey(resolve(file))).key] })
  for (const [role, keyId] of (flags.remove ?? []).map(pair)) changes.push({ role, remove: [keyId] })
  for (const [role, count] of (flags.threshold ?? []).map(pair)) changes.push({ role, threshold: wholeNumber(count) })
  const path = resolve(directory)
  await prepareChange({
    site: context.home.site,
    keyring: await context.keyring(),
    now: context.now(),
    directory: path,
    changes,
    rotate: (flags.rotate ?? []).map(roleOf),
  })
  return describePrepared(path)
}

/** `ROLE=VALUE`. @throws CLI_USAGE, CHANNEL_UNKNOWN */
function pair(text: string) {
  const [, role, value] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (role === undefined || value === undefined)
    throw fail('CLI_USAGE', { what: `${JSON.stringify(text)} is not of the form ROLE=VALUE` })
  return [roleOf(role), value] as const
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw fail('CLI_USAGE', { what: `${JSON.stringify(text)} is no number of signatures` })
  return Number(text)
}
