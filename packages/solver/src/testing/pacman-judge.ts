import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { run, SYSTEM_PATH } from '@holotype/base'
import { formats } from '@holotype/formats'
import type { Candidate } from '../lock.ts'
import type { RandomPackage, RandomRequest } from './random-packages.ts'

/** Repositories in pacman.conf's order: the first has what others have too. */
const REPOSITORIES = ['core', 'extra'] as const
const PRIORITIES = [900, 500]

/** Why pacman cannot be asked here; '' if it can. */
export function pacmanMissing(): string {
  const missing = ['pacman', 'bsdtar'].filter((program) => spawnSync(program, ['--version']).error !== undefined)
  return missing.length === 0 ? '' : `this machine has no ${missing.join(', ')}`
}

/**
 * Writes the database of each repository as repo-add does, but without the packages: repo-add takes a quarter of a second for each.
 */
export async function writeDatabases(directory: string, packages: readonly RandomPackage[]): Promise<void> {
  for (const [at, name] of REPOSITORIES.entries()) {
    const entries = packages.filter(({ repository }) => repository === at)
    for (const one of entries) {
      mkdirSync(`${directory}/${name}/tree/${one.name}-${one.version}`, { recursive: true })
      writeFileSync(`${directory}/${name}/tree/${one.name}-${one.version}/desc`, descOf(one))
    }
    await run([
      'bsdtar',
      '-czf',
      `${directory}/${name}/${name}.db`,
      '-C',
      `${directory}/${name}/tree`,
      ...entries.map((one) => `${one.name}-${one.version}`),
    ])
  }
}

/** The form of an entry: alpm-repo-desc(5). */
function descOf(one: RandomPackage): string {
  const file = `${one.name}-${one.version}-any.pkg.tar.zst`
  const section = (name: string, values: readonly string[]) =>
    values.length === 0 ? '' : `%${name}%\n${values.join('\n')}\n\n`
  return [
    section('FILENAME', [file]),
    section('NAME', [one.name]),
    section('BASE', [one.name]),
    section('VERSION', [one.version]),
    section('DESC', ['a sample']),
    section('GROUPS', one.groups),
    section('CSIZE', ['1']),
    section('ISIZE', ['1']),
    section('SHA256SUM', [hash('sha256', `${one.repository} ${file}`, 'hex')]),
    section('ARCH', ['any']),
    section('BUILDDATE', ['1700000000']),
    section('PACKAGER', ['Jane Doe <jane@example.org>']),
    section('REPLACES', one.obsoletes),
    section('CONFLICTS', one.conflicts),
    section('PROVIDES', one.provides),
    section('DEPENDS', one.requires),
  ].join('')
}

/** What the databases say, as candidates. */
export function candidatesOfAlpms(directory: string): Candidate[] {
  return REPOSITORIES.flatMap((from, at) => {
    const records = formats.alpm.parseIndex(gunzipSync(readFileSync(`${directory}/${from}/${from}.db`)))
    return records.map((record): Candidate => ({ record, from, priority: PRIORITIES[at] ?? 0 }))
  })
}

/**
 * pacman over these repositories, with an empty root: what it would install for a request, as `name version`, sorted; null where it refuses. It says so
 * once dependencies and conflicts are settled, and then ends, for there are no files to fetch. (`--print` would leave the conflicts out.)
 */
export async function pacmanOver(
  directory: string,
  scratch: string,
): Promise<(request: RandomRequest) => Promise<string[] | null>> {
  const database = `${scratch}/database`
  mkdirSync(database, { recursive: true })
  const config = `${scratch}/pacman.conf`
  const sections = REPOSITORIES.map((name) => `[${name}]\nServer = file://${directory}/${name}\n`)
  writeFileSync(config, `[options]\nArchitecture = x86_64\nSigLevel = Never\n${sections.join('')}`)
  const pacman = (argv: readonly string[]) =>
    run(['pacman', '--root', scratch, '--dbpath', database, '--config', config, '--noconfirm', ...argv], {
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      okCodes: [0, 1],
    })
  const synced = await pacman(['-Sy'])
  if (synced.code !== 0) throw new Error(`pacman -Sy failed: ${synced.stderr}`)
  return async ({ install }) => {
    const names = install.map((name) => name.replace(/^@/, ''))
    const { stdout } = await pacman(['-S', ...names])
    const list = /^Packages \(\d+\) ([^]*?)\n\n/m.exec(stdout.toString())?.[1]
    return list === undefined
      ? null
      : list
          .split(/\s+/)
          .map((item) => item.replace(/-(?=\d+-\d+$)/, ' '))
          .sort()
  }
}
