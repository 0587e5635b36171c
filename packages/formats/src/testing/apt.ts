import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { run, type RunResult } from '@holotype/base'
import type { RepositorySigner } from '../repository-writer.ts'
import { rsaSigner } from './signers.ts'

/** A signer that is gpg itself, with a throw-away key, and where its public keyring lies. */
export async function gpgSigner(home: string): Promise<RepositorySigner & { readonly keyring: string }> {
  mkdirSync(home, { mode: 0o700 })
  const env = { PATH: '/usr/bin:/bin', GNUPGHOME: home, LC_ALL: 'C' }
  const gpg = ['gpg', '--batch', '--no-tty', '--pinentry-mode=loopback', '--passphrase', ''] as const
  await run([...gpg, '--quick-generate-key', 'repo@example.org', 'ed25519', 'sign', 'never'], { env })
  const keyring = `${home}/public.gpg`
  await run([...gpg, '--output', keyring, '--export'], { env })
  chmodSync(keyring, 0o644)
  const sign = async (argv: readonly string[], input?: string | Uint8Array) =>
    (
      await run([...gpg, '--digest-algo', 'SHA512', '--output', '-', ...argv], {
        env,
        ...(input === undefined ? {} : { input }),
      })
    ).stdout
  return {
    keyring,
    clearSign: async (text) => (await sign(['--armor', '--clear-sign'], text)).toString(),
    detachSign: async (bytes) => (await sign(['--armor', '--detach-sign'], bytes)).toString(),
    signBinary: (bytes) => sign(['--detach-sign'], bytes),
    signFile: (path) => sign(['--detach-sign', path]),
    ...rsaSigner('Tests <repo@example.org>'),
  }
}

/** Ends the agent that gpg started for a home. */
export async function stopGpg(home: string): Promise<void> {
  await run(['gpgconf', '--homedir', home, '--kill', 'all'], { okCodes: [0, 1, 2] })
}

/** apt with a root of its own that knows one repository alone: `apt(['update'])`. */
export function aptIn(
  root: string,
  source: { readonly base: string; readonly keyring: string; readonly suite: string },
): (argv: readonly string[]) => Promise<RunResult> {
  for (const directory of [
    'etc/apt/preferences.d',
    'etc/apt/sources.list.d',
    'etc/apt/apt.conf.d',
    'etc/apt/trusted.gpg.d',
    'state/lists/partial',
    'cache/archives/partial',
    'dpkg',
  ])
    mkdirSync(`${root}/${directory}`, { recursive: true })
  writeFileSync(`${root}/dpkg/status`, '')
  writeFileSync(
    `${root}/etc/apt/sources.list`,
    `deb [signed-by=${source.keyring}] file:${source.base} ${source.suite} main\n`,
  )
  const settings = {
    'Dir::Etc': `${root}/etc/apt`,
    'Dir::Etc::sourcelist': `${root}/etc/apt/sources.list`,
    'Dir::State': `${root}/state`,
    'Dir::State::status': `${root}/dpkg/status`,
    'Dir::Cache': `${root}/cache`,
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  }
  const config = `${root}/apt.conf`
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  )
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: config, LC_ALL: 'C' }
  return (argv) => run(['apt-get', '--yes', ...argv], { env, cwd: root, okCodes: [0, 100] })
}
