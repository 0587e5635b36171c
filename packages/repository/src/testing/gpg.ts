import { mkdirSync, readFileSync } from 'node:fs'
import { run, SYSTEM_PATH } from '@holotype/base'

/** A key of gpg's own, in a home of its own. */
export interface Gpg extends AsyncDisposable {
  readonly home: string
  /** The environment in which other tools find the key. */
  readonly env: Readonly<Record<string, string>>
  /** The public key, armored. */
  readonly key: string
  /** `gpg ARGS`, in batch mode. */
  gpg(...args: readonly string[]): Promise<void>
}

export async function openGpg(home: string): Promise<Gpg> {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const env = { PATH: SYSTEM_PATH, GNUPGHOME: home, LC_ALL: 'C.UTF-8' }
  const gpg = async (...args: readonly string[]) => {
    await run(['gpg', '--batch', '--no-tty', '--pinentry-mode=loopback', '--passphrase', '', ...args], { env })
  }
  await gpg('--quick-generate-key', 'Archive <archive@example.org>', 'ed25519', 'sign', 'never')
  await gpg('--armor', '--output', `${home}/public.asc`, '--export')
  return {
    home,
    env,
    key: readFileSync(`${home}/public.asc`, 'utf8'),
    gpg,
    async [Symbol.asyncDispose]() {
      await run(['gpgconf', '--homedir', home, '--kill', 'all'], { okCodes: [0, 1, 2] })
    },
  }
}
