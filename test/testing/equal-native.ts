import { execFileSync } from 'node:child_process'
import { copyFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SYSTEM_PATH } from '@holotype/base'
import type { Lock } from '@holotype/solver'
import { keptPackage } from './real-packages.ts'

/**
 * What apt installs from exactly the packages of a lock: mmdebstrap has it install all of them into an empty root, from a repository that holds
 * nothing else, under the image's SOURCE_DATE_EPOCH and the host name of the sandbox. @returns the root, as an archive of GNU tar with owners and attributes
 */
export function installByApt(lock: Lock, directory: string, epoch: number): string {
  const pool = join(directory, 'repository/pool')
  mkdirSync(pool, { recursive: true })
  for (const { name, version, architecture, sha256 } of lock.packages) {
    const file = join(pool, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`)
    try {
      linkSync(keptPackage(`sha256:${sha256}`), file)
    } catch {
      copyFileSync(keptPackage(`sha256:${sha256}`), file)
    }
  }
  const repository = join(directory, 'repository')
  const environment = { PATH: SYSTEM_PATH, LC_ALL: 'C', TMPDIR: directory, SOURCE_DATE_EPOCH: String(epoch) }
  const run = (argv: readonly [string, ...string[]], cwd: string) => {
    const [program, ...rest] = argv
    return execFileSync(program, rest, {
      cwd,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 512 * 1024 * 1024,
    })
  }
  writeFileSync(join(repository, 'Packages'), run(['apt-ftparchive', 'packages', 'pool'], repository))
  const root = join(directory, 'root')
  run(
    [
      ...([
        'unshare',
        '--uts',
        '--',
        'sh',
        '-c',
        `echo localhost > /proc/sys/kernel/hostname; exec "$@"`,
        'sh',
      ] as const),
      ...['mmdebstrap', '--mode=root'],
      '--variant=essential',
      '--format=directory',
      // mmdebstrap's own tidying is not apt's: what it would remove, the comparison names.
      '--skip=cleanup/reproducible',
      `--include=${lock.packages.map(({ name }) => name).join(',')}`,
      `--setup-hook=${fileURLToPath(new URL('merge-usr.sh', import.meta.url))} "$1"`,
      '',
      root,
      `deb [trusted=yes] copy:${repository} ./`,
    ],
    directory,
  )
  const archive = join(directory, 'root.tar')
  run(
    [
      ...(['tar', '--create', '--file', archive, '--directory', root, '--format=pax', '--xattrs'] as const),
      ...['--xattrs-include=*', '--numeric-owner', '--sort=name', '.'],
    ],
    directory,
  )
  return archive
}
