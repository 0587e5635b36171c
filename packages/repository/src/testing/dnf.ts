import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type RunResult, SYSTEM_PATH } from '@holotype/base'

/** dnf with a root of its own that knows one repository alone, `own`, and demands signatures on its metadata and packages. */
export interface Dnf {
  (...argv: readonly string[]): Promise<RunResult>
  /** What rpm says of a package that is installed in its root: name, version and release. */
  query(name: string): Promise<string>
  /** Packages that it downloaded, by file name. */
  downloaded(): readonly string[]
  /** A machine that never saw the repository: no metadata, no packages, nothing installed. */
  forget(): void
}

/** `url`: where the repository is, or `…/mirrorlist`: what says it. `key`: the file with its public key, or the address. */
export function dnfWith(root: string, url: string, key: string): Dnf {
  const at = (path: string) => join(root, path)
  for (const directory of ['repos', 'etc', 'logs', 'installed']) mkdirSync(at(directory), { recursive: true })
  const repository = [
    '[own]',
    'name=own',
    `${url.endsWith('/mirrorlist') ? 'mirrorlist' : 'baseurl'}=${url}`,
    `gpgkey=${key.includes('://') ? key : `file://${key}`}`,
    'gpgcheck=1',
    'repo_gpgcheck=1',
  ]
  writeFileSync(at('repos/own.repo'), `${repository.join('\n')}\n`)
  const main = [
    '[main]',
    'assumeyes=1',
    'gpgcheck=1',
    'install_weak_deps=0',
    // A repository that cannot be fetched is an error, not a warning.
    'skip_if_unavailable=0',
    'retries=1',
    'plugins=0',
    'keepcache=1',
    `reposdir=${at('repos')}`,
    `cachedir=${at('cache')}`,
    `persistdir=${at('persist')}`,
    `logdir=${at('logs')}`,
    `varsdir=${at('etc')}`,
  ]
  writeFileSync(at('dnf.conf'), `${main.join('\n')}\n`)
  const words = ['--config', at('dnf.conf'), '--installroot', at('installed'), '--releasever=1', '--forcearch=x86_64']
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', HOME: root }
  const dnf = (...argv: readonly string[]) => run(['dnf', ...words, '--quiet', ...argv], { env, okCodes: [0, 1] })
  // The same HOME: Debian's rpm has its database there.
  const query = async (name: string) => {
    const { stdout } = await run(['rpm', '--root', at('installed'), '--query', name], { env, okCodes: [0, 1] })
    return stdout.toString().trim()
  }
  const downloaded = () => {
    // Its cache is somewhere below the installation's root.
    const found = readdirSync(root, { recursive: true, encoding: 'utf8' })
    return found.filter((path) => path.endsWith('.rpm')).map((path) => path.slice(path.lastIndexOf('/') + 1))
  }
  const forget = () => {
    for (const directory of ['cache', 'persist', 'installed']) rmSync(at(directory), { recursive: true, force: true })
    mkdirSync(at('installed'))
  }
  return Object.assign(dnf, { query, downloaded, forget })
}
