import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { run, type RunResult, SYSTEM_PATH } from '@holotype/base'

/** The user that makepkg runs as: it refuses root. */
const NOBODY = 65_534

/**
 * Builds packages with makepkg in a directory, from a PKGBUILD and the files beside it.
 * @returns the paths of what it made
 */
export async function makepkg(
  directory: string,
  files: Readonly<Record<string, string>>,
  extension = '.pkg.tar.zst',
): Promise<string[]> {
  mkdirSync(directory, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(`${directory}/${name}`, text)
  chmodSync(directory, 0o755)
  const asRoot = process.getuid?.() === 0
  if (asRoot) {
    chownSync(directory, NOBODY, NOBODY)
    chmodSync(dirname(directory), 0o711)
  }
  await run(['makepkg', '--nodeps', '--force', '--noconfirm'], {
    cwd: directory,
    ...(asRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    env: {
      PATH: SYSTEM_PATH,
      HOME: directory,
      // A locale in which bsdtar can read every file's name.
      LC_ALL: 'C.UTF-8',
      PKGEXT: extension,
      PACKAGER: 'Jane Doe <jane@example.org>',
      SOURCE_DATE_EPOCH: '1700000000',
    },
  })
  return readdirSync(directory)
    .filter((name) => name.endsWith(extension))
    .map((name) => `${directory}/${name}`)
}

export interface PacmanOptions {
  /** The lines that follow `[options]` in pacman.conf. */
  readonly config: readonly string[]
  /** A public keyring whose keys are trusted; absent: none. */
  readonly keyring?: string
}

/** pacman with a root, database, cache and keyring of its own: `pacman(['-Sy'])`. A failure is no error: its exit code is in the result. */
export async function pacmanIn(
  root: string,
  { config, keyring }: PacmanOptions,
): Promise<(argv: readonly string[]) => Promise<RunResult>> {
  for (const directory of ['var/lib/pacman', 'var/cache', 'etc/gnupg'])
    mkdirSync(`${root}/${directory}`, { recursive: true })
  chmodSync(`${root}/etc/gnupg`, 0o700)
  const file = `${root}/etc/pacman.conf`
  writeFileSync(file, `[options]\nArchitecture = x86_64\n${config.join('\n')}\n`)
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' }
  if (keyring !== undefined) {
    const gpg = ['gpg', '--homedir', `${root}/etc/gnupg`, '--batch', '--no-tty'] as const
    await run([...gpg, '--import', keyring], { env })
    const { stdout } = await run([...gpg, '--with-colons', '--list-keys'], { env })
    const fingerprints = stdout
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('fpr:'))
      .map((line) => line.split(':')[9])
    const trust = fingerprints.map((fingerprint) => `${fingerprint}:6:\n`).join('')
    await run([...gpg, '--import-ownertrust'], { env, input: trust })
    await run([...gpg, '--check-trustdb'], { env })
  }
  const own = [
    ['--root', root],
    ['--dbpath', `${root}/var/lib/pacman`],
    ['--config', file],
    ['--cachedir', `${root}/var/cache`],
    ['--gpgdir', `${root}/etc/gnupg`],
    ['--hookdir', `${root}/etc/hooks`],
    ['--logfile', `${root}/var/pacman.log`],
  ].flat()
  return (argv) => run(['pacman', ...own, '--noconfirm', ...argv], { env, okCodes: [0, 1] })
}
