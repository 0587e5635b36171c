import { fail } from '../errors.ts'
import type { Pocket } from '../types.ts'
import { readSmall } from './files.ts'

/** The distribution that this machine runs (os-release(5)). */
export interface HostRelease {
  /** `debian` */
  readonly id: string
  /** `bookworm` */
  readonly codename: string
}

/** @throws UPSTREAM_NO_SOURCES if the machine does not say which release it is */
export function readRelease(root: string): HostRelease {
  const text = readSmall(root, '/etc/os-release') ?? readSmall(root, '/usr/lib/os-release') ?? ''
  const value = (key: string) => new RegExp(`^${key}=["']?([A-Za-z0-9._-]+)["']?\\s*$`, 'm').exec(text)?.[1]
  const id = value('ID')
  const codename = value('VERSION_CODENAME')
  if (id !== undefined && codename !== undefined) return { id, codename }
  throw fail('UPSTREAM_NO_SOURCES', {
    what: 'this machine does not say which release it is: /etc/os-release has no ID and VERSION_CODENAME',
    hint: '`from: host` needs a Debian or a distribution derived from it',
  })
}

/** The pocket that a suite is of a release; undefined for any other suite. */
export function pocketOf(suite: string, { codename }: HostRelease): Pocket | undefined {
  switch (suite.replace(/\/$/, '')) {
    case codename:
      return 'release'
    case `${codename}-updates`:
      return 'updates'
    case `${codename}-security`:
      return 'security'
    case `${codename}-backports`:
      return 'backports'
    default:
      return undefined
  }
}
