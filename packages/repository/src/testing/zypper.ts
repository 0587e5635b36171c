import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type RunResult, SYSTEM_PATH } from '@holotype/base'

/** zypper with a root of its own that knows one repository alone, `own`, and demands signatures on its metadata and packages. */
export interface Zypper {
  (...argv: readonly string[]): Promise<RunResult>
  /** What rpm says of a package that is installed in its root: name, version and release. */
  query(name: string): Promise<string>
  /** The path below its root of a file with this name, wherever it was put. */
  find(name: string): string | undefined
}

/** `url`: where the repository is. `gpgkey`: the address of its public key. */
export function zypperWith(root: string, url: string, gpgkey: string): Zypper {
  const at = (path: string) => join(root, path)
  for (const directory of ['etc/zypp/repos.d', 'tmp', 'home']) mkdirSync(at(directory), { recursive: true })
  const repository = ['[own]', 'name=own', 'enabled=1', `baseurl=${url}`, `gpgkey=${gpgkey}`]
  const checks = ['gpgcheck=1', 'repo_gpgcheck=1', 'pkg_gpgcheck=1']
  writeFileSync(at('etc/zypp/repos.d/own.repo'), `${[...repository, ...checks].join('\n')}\n`)
  // Debian's rpm has its database below HOME, which is looked for in the root.
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: '/home', ZYPP_CONF: at('zypp.conf') }
  writeFileSync(at('zypp.conf'), '[main]\narch = x86_64\n')
  const words = ['--root', root, '--non-interactive', '--gpg-auto-import-keys']
  const okCodes = Array.from({ length: 256 }, (_, code) => code)
  const zypper = (...argv: readonly string[]) => run(['zypper', ...words, ...argv], { env, okCodes })
  const query = async (name: string) => {
    const { stdout } = await run(['rpm', '--root', root, '--query', name], { env, okCodes: [0, 1] })
    return stdout.toString().trim()
  }
  const find = (name: string) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(`/${name}`))
  return Object.assign(zypper, { query, find })
}
