import { roleOf, rotateRoot } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'

interface Rotated {
  readonly role: string
  readonly old: string
  readonly keyId: string
  readonly rootVersion: number
}

export const exclusive = true

/** Safe to repeat after an interruption. @throws KEY_MISSING, METADATA_UNSIGNED (keys are elsewhere), METADATA_*, CHANNEL_UNKNOWN, TRUST_BUSY */
export async function run(context: Context, _flags: CommonFlags, name: string): Promise<Rotated> {
  const keyring = await context.keyring()
  const role = roleOf(name)
  // Whether the site has such a role is for what comes next to say.
  const old = keyring.has(role) ? keyring.publicKey(role).keyId : ''
  const { version } = await rotateRoot({ site: context.home.site, keyring, now: context.now(), roles: [role] })
  return { role, old, keyId: keyring.publicKey(role).keyId, rootVersion: version }
}

export function show({ role, old, keyId, rootVersion }: Rotated): string {
  return `${role} is signed by ${keyId} now, no longer by ${old} (root version ${rootVersion})\n`
}
