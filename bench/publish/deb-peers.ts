import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measure } from '../harness/measure.ts'
import type { Cost } from '../harness/types.ts'

/** A peer that publishes .debs: each call leaves a signed state that apt accepts. */
export interface DebPeer {
  readonly who: string
  readonly program: string
  /** Makes an empty repository. */
  create(directory: string): Promise<unknown>
  /** All files of a directory, into an empty repository. */
  addAll(directory: string, files: string): Promise<Cost>
  addOne(directory: string, file: string): Promise<Cost>
  nothingNew(directory: string): Promise<Cost>
}

/** Several programs one after another, as one. */
export async function inSequence(programs: readonly Parameters<typeof measure>[0][]): Promise<Cost> {
  const costs: Cost[] = []
  for (const program of programs) costs.push(await measure(program))
  return {
    seconds: costs.reduce((sum, { seconds }) => sum + seconds, 0),
    cpuSeconds: costs.reduce((sum, { cpuSeconds = 0 }) => sum + cpuSeconds, 0),
    peakBytes: Math.max(...costs.map(({ peakBytes = 0 }) => peakBytes)),
  }
}

export function debPeers(gnupg: string, key: string): readonly DebPeer[] {
  const env = { GNUPGHOME: gnupg }
  const reprepro = (directory: string, ...words: string[]) => ({
    argv: ['reprepro', '--silent', '--basedir', directory, ...words] as const satisfies [string, ...string[]],
    env,
  })
  const aptly = (directory: string, ...words: string[]) => ({
    argv: ['aptly', `-config=${join(directory, 'aptly.conf')}`, ...words] as const satisfies [string, ...string[]],
    env,
  })
  const aptlySigned = [`-gpg-key=${key}`, '-batch', '-skip-contents', '-skip-bz2']
  const archive = (directory: string) =>
    inSequence([
      { argv: ['apt-ftparchive', '--quiet=2', 'generate', join(directory, 'apt.conf')], cwd: directory },
      // It has no form that writes a file: a small program of ours would be no part of it, so `sh` redirects.
      { argv: ['sh', '-c', 'apt-ftparchive release dists/stable > Release'], cwd: directory },
      {
        argv: ['gpg', '--batch', '--yes', '--clear-sign', '--output', 'dists/stable/InRelease', 'Release'],
        cwd: directory,
        env,
      },
    ])
  return [
    {
      who: 'reprepro includedeb',
      program: 'reprepro',
      async create(directory) {
        mkdirSync(join(directory, 'conf'), { recursive: true })
        const fields = { Codename: 'stable', Architectures: 'amd64', Components: 'main', SignWith: key }
        const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`)
        writeFileSync(join(directory, 'conf/distributions'), lines.join(''))
      },
      addAll: (directory, files) =>
        measure({
          argv: [
            'sh',
            '-c',
            `exec reprepro --silent --basedir "$1" includedeb stable "$2"/*.deb`,
            'sh',
            directory,
            files,
          ],
          env,
        }),
      addOne: (directory, file) => measure(reprepro(directory, 'includedeb', 'stable', file)),
      nothingNew: (directory) => measure(reprepro(directory, 'export', 'stable')),
    },
    {
      who: 'aptly repo add, publish',
      program: 'aptly',
      async create(directory) {
        mkdirSync(directory, { recursive: true })
        const config = { rootDir: join(directory, 'root'), architectures: ['amd64'], gpgProvider: 'gpg' }
        writeFileSync(join(directory, 'aptly.conf'), JSON.stringify(config))
        await measure(aptly(directory, 'repo', 'create', '-distribution=stable', 'bench'))
      },
      addAll: (directory, files) =>
        inSequence([
          aptly(directory, 'repo', 'add', 'bench', files),
          aptly(directory, 'publish', 'repo', ...aptlySigned, 'bench'),
        ]),
      addOne: (directory, file) =>
        inSequence([
          aptly(directory, 'repo', 'add', 'bench', file),
          aptly(directory, 'publish', 'update', ...aptlySigned, 'stable'),
        ]),
      nothingNew: (directory) => measure(aptly(directory, 'publish', 'update', ...aptlySigned, 'stable')),
    },
    {
      who: 'apt-ftparchive generate and release, its cache kept; gpg',
      program: 'apt-ftparchive',
      async create(directory) {
        mkdirSync(join(directory, 'dists/stable/main/binary-amd64'), { recursive: true })
        mkdirSync(join(directory, 'cache'))
        writeFileSync(
          join(directory, 'apt.conf'),
          `Dir { ArchiveDir "${directory}"; CacheDir "${directory}/cache"; };
Default { Packages::Compress ". gzip"; };
BinDirectory "pool" { Packages "dists/stable/main/binary-amd64/Packages"; BinCacheDB "packages.db"; };
`,
        )
      },
      async addAll(directory, files) {
        await measure({ argv: ['cp', '--archive', '--link', files, join(directory, 'pool')] })
        return archive(directory)
      },
      async addOne(directory, file) {
        await measure({ argv: ['cp', file, join(directory, 'pool')] })
        return archive(directory)
      },
      nothingNew: archive,
    },
  ]
}
