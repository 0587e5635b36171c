import { renderTable } from '@holotype/base'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'

interface Key {
  readonly role: string
  readonly keyId: string
}

/** @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED */
export async function run(context: Context, _flags: CommonFlags): Promise<Key[]> {
  const keyring = await context.keyring()
  const { channels } = await context.distribution()
  const roles = (['root', 'targets', 'snapshot', 'timestamp'] as const).map((role) => ({
    role,
    keyId: keyring.publicKey(role).keyId,
  }))
  const ofChannels = [...channels.keys()]
    .map((name) => `channel-${name}` as const)
    .filter((role) => keyring.has(role))
    .map((role) => ({ role, keyId: keyring.publicKey(role).keyId }))
  const { fingerprint } = await keyring.openPgpPublicKey()
  return [...roles, ...ofChannels, { role: 'repository', keyId: fingerprint }]
}

export function show(keys: readonly Key[], { paint }: View): string {
  return renderTable(
    [{ title: 'ROLE' }, { title: 'KEY' }],
    keys.map(({ role, keyId }) => [role, keyId]),
    { paint },
  )
}
