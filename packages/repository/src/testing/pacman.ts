import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type RunResult, SYSTEM_PATH } from '@holotype/base'
import type { OpenPgpPublicKey } from '@holotype/trust'

/**
 * pacman with a root of its own that knows one repository alone, `stable`, and demands signatures on databases and packages. `base`: a
 * directory, or an address.
 */
export async function pacmanWith(
  root: string,
  base: string,
  { binary, fingerprint }: OpenPgpPublicKey,
): Promise<(...argv: readonly string[]) => Promise<RunResult>> {
  const at = (path: string) => join(root, path)
  for (const directory of ['var/lib/pacman', 'var/cache', 'etc/gnupg']) mkdirSync(at(directory), { recursive: true })
  chmodSync(at('etc/gnupg'), 0o700)
  const config = ['[options]', 'Architecture = x86_64', 'SigLevel = Required DatabaseRequired TrustedOnly']
  writeFileSync(
    at('etc/pacman.conf'),
    [...config, '[stable]', `Server = ${base.includes('://') ? base : `file://${base}`}`, ''].join('\n'),
  )
  // pacman looks for the older form of a keyring, and gpg takes the one that is there.
  writeFileSync(at('etc/gnupg/pubring.gpg'), '')
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }
  const gpg = ['gpg', '--homedir', at('etc/gnupg'), '--batch', '--no-tty', '--quiet'] as const
  await run([...gpg, '--import'], { env, input: binary })
  await run([...gpg, '--import-ownertrust'], { env, input: `${fingerprint.toUpperCase()}:6:\n` })
  await run([...gpg, '--check-trustdb'], { env })
  const places = [
    ['--root', root],
    ['--dbpath', at('var/lib/pacman')],
    ['--config', at('etc/pacman.conf')],
    ['--cachedir', at('var/cache')],
    ['--gpgdir', at('etc/gnupg')],
    ['--hookdir', at('etc/hooks')],
    ['--logfile', at('var/pacman.log')],
  ].flat()
  return (...argv) => run(['pacman', ...places, '--noconfirm', ...argv], { env, okCodes: [0, 1] })
}
