import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { renderPairs } from '@holotype/base'
import { createKeyring, initTrust } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'

interface Created {
  readonly keys: string
  readonly site: string
  readonly fingerprint: string
  readonly channels: readonly string[]
}

export const exclusive = true

/** Makes what is missing and leaves what is there. @throws KEY_PERMISSIONS, DISK_FULL, DISTRIBUTION_* */
export async function run(context: Context, _flags: CommonFlags): Promise<Created> {
  const { home } = context
  const distribution = await context.distribution()
  const channels = [...distribution.channels.keys()]
  mkdirSync(home.site, { recursive: true })
  const keyring = await createKeyring(home.keys, { repositoryUser: `${distribution.file.name} repository` })
  if (!existsSync(join(home.site, 'trust', '1.root.json')))
    await initTrust({ site: home.site, keyring, channels, now: context.now() })
  const { fingerprint } = await keyring.openPgpPublicKey()
  return { keys: home.keys, site: home.site, fingerprint, channels }
}

export function show(created: Created, { paint }: View): string {
  return renderPairs(
    [
      ['keys', created.keys],
      ['repository key', created.fingerprint],
      ['channels', created.channels.join(', ')],
      ['site', created.site],
    ],
    paint,
  )
}
