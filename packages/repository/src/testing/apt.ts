import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type RunResult, SYSTEM_PATH } from '@holotype/base'

/** apt-get with a root of its own that knows one repository alone. */
export interface Apt {
  (...argv: readonly string[]): Promise<RunResult>
  /** A machine that never saw the repository: no lists, no packages. */
  forget(): void
}

/** `base`: a directory, or an address. */
export function aptWith(root: string, base: string, keyring: string): Apt {
  const places = ['etc/preferences.d', 'etc/sources.list.d', 'etc/trusted.gpg.d', 'etc/apt.conf.d', 'dpkg']
  const kept = ['state/lists/partial', 'cache/archives/partial']
  const make = (directories: readonly string[]) => {
    for (const directory of directories) mkdirSync(join(root, directory), { recursive: true })
  }
  make([...places, ...kept])
  writeFileSync(join(root, 'dpkg/status'), '')
  const place = `[signed-by=${keyring}] ${base.includes('://') ? base : `file:${base}`} stable main`
  writeFileSync(join(root, 'etc/sources.list'), `deb ${place}\ndeb-src ${place}\n`)
  const settings = {
    'Dir::Etc': join(root, 'etc'),
    'Dir::State': join(root, 'state'),
    'Dir::State::status': join(root, 'dpkg/status'),
    'Dir::Cache': join(root, 'cache'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    // A repository that cannot be fetched is an error, not a warning.
    'APT::Update::Error-Mode': 'any',
    'Debug::NoLocking': 'true',
  }
  const config = join(root, 'apt.conf')
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  writeFileSync(config, lines.join(''))
  const env = { PATH: SYSTEM_PATH, APT_CONFIG: config, LC_ALL: 'C' }
  const apt = (...argv: readonly string[]) => run(['apt-get', '--yes', ...argv], { env, cwd: root, okCodes: [0, 100] })
  const forget = () => {
    for (const directory of ['state', 'cache']) rmSync(join(root, directory), { recursive: true, force: true })
    make(kept)
  }
  return Object.assign(apt, { forget })
}
