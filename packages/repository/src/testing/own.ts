import { join } from 'node:path'
import { formatOf } from '@holotype/formats'
import { openStore } from '@holotype/store'
import { openKeyring } from '@holotype/trust'
import type { OwnRepository } from '../own/place.ts'
import type { PublishSettings } from '../own/publish.ts'
import { THEN } from './upstream.ts'

/** A repository below a test's folder, its keys in `keys`, its store in `store`: the same one for every process that names the folder. */
export async function ownRepository(folder: string, name = 'acme', format = 'deb'): Promise<OwnRepository> {
  const keyring = await openKeyring(join(folder, 'keys'))
  return {
    store: openStore(join(folder, 'store')),
    name,
    format: formatOf(format),
    component: 'main',
    signer: keyring.repositorySigner(() => new Date(THEN * 1000)),
  }
}

export const OWN_SETTINGS: PublishSettings = {
  suite: 'stable',
  codename: 'stable',
  origin: 'acme',
  label: 'acme',
  description: 'Packages of acme',
  architectures: ['amd64'],
  date: THEN,
}
