import { renderTable } from '@holotype/base'
import { listSigners } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'

interface Key {
  readonly role: string
  readonly keyId: string
  /** How many of the role's keys must sign; absent for a key that is no role's. */
  readonly threshold?: number
  /** Whether this keyring holds it. */
  readonly here: boolean
  /** When what the role has signed is no longer good. */
  readonly expires?: string
}

/** @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED, METADATA_* */
export async function run(context: Context, _flags: CommonFlags): Promise<Key[]> {
  const keyring = await context.keyring()
  const roles = await listSigners({ site: context.home.site, keyring })
  const { fingerprint } = await keyring.openPgpPublicKey()
  return [
    ...roles.flatMap(({ role, threshold, expires, keys }) =>
      keys.map(({ keyId, here }) => ({ role, keyId, threshold, here, expires })),
    ),
    { role: 'repository', keyId: fingerprint, here: true },
  ]
}

export function show(keys: readonly Key[], { paint }: View): string {
  return renderTable(
    [{ title: 'ROLE' }, { title: 'KEY' }, { title: 'MUST SIGN' }, { title: 'HELD' }, { title: 'EXPIRES' }],
    keys.map(({ role, keyId, threshold, here, expires }) => [
      role,
      keyId,
      threshold === undefined ? '' : `${threshold} of ${keys.filter((key) => key.role === role).length}`,
      here ? 'here' : 'elsewhere',
      expires ?? '',
    ]),
    { paint },
  )
}
