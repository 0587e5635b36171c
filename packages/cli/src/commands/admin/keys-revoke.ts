import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { listSigners, prepareChange, publishPrepared, type RoleName, rotateRoot } from '@holotype/trust'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'

interface Revoked {
  readonly keyId: string
  /** Roles whose key of this keyring was replaced. */
  readonly replaced: readonly RoleName[]
  /** Roles that have one key less. */
  readonly removed: readonly RoleName[]
}

export const exclusive = true

/**
 * A key of this keyring is replaced, one that is held elsewhere is removed.
 * @throws NAME_UNKNOWN, THRESHOLD_UNREACHABLE, METADATA_UNSIGNED (other holders must sign), METADATA_*, KEY_MISSING, TRUST_BUSY
 */
export async function run(context: Context, _flags: CommonFlags, keyId: string): Promise<Revoked> {
  const keyring = await context.keyring()
  const options = { site: context.home.site, keyring, now: context.now() }
  const naming = (await listSigners(options)).filter(({ keys }) => keys.some((key) => key.keyId === keyId))
  if (naming.length === 0)
    throw fail('NAME_UNKNOWN', { what: `no role has a key ${keyId}`, hint: 'see `holotype admin keys list`' })
  const isHere = ({ keys }: (typeof naming)[number]) => keys.some((key) => key.keyId === keyId && key.here)
  const replaced = naming.filter(isHere).map(({ role }) => role)
  const removed = naming.filter((role) => !isHere(role)).map(({ role }) => role)
  if (replaced.length > 0) await rotateRoot({ ...options, roles: replaced })
  if (removed.length > 0) {
    mkdirSync(context.home.work, { recursive: true })
    const directory = mkdtempSync(join(context.home.work, 'revoke-'))
    try {
      await prepareChange({ ...options, directory, changes: removed.map((role) => ({ role, remove: [keyId] })) })
      await publishPrepared(options, directory)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return { keyId, replaced, removed }
}

export function show({ keyId, replaced, removed }: Revoked): string {
  const lines = [
    ...replaced.map((role) => `${role} has a new key in the place of ${keyId}`),
    ...removed.map((role) => `${role} has no key ${keyId} any more`),
  ]
  return `${lines.join('\n')}\n`
}
