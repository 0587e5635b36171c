import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { run } from '@holotype/base'
import { formats, type PackageToWrite } from '@holotype/formats'
import type { Candidate } from '../lock.ts'
import type { RandomPackage, RandomRequest } from './random-packages.ts'

/** Debian's python, which has dnf's modules; another python may stand before it in PATH. */
const PYTHON = '/usr/bin/python3'

/** Why dnf cannot be asked here; '' if it can. */
export function dnfMissing(): string {
  if (spawnSync('createrepo_c', ['--version']).status !== 0) return 'this machine has no createrepo_c'
  return spawnSync(PYTHON, ['-c', 'import dnf']).status === 0 ? '' : "this machine has no dnf for python's use"
}

/** Writes each package, and has createrepo_c make the index. */
export async function writeRpms(directory: string, packages: readonly RandomPackage[]): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (const one of packages)
    await formats.rpm.writePackage(`${directory}/${one.name}-${one.version}.noarch.rpm`, rpmOf(one))
  await run(['createrepo_c', '-q', '--no-database', '--compress-type=gz', directory])
}

function rpmOf(one: RandomPackage): PackageToWrite {
  const [version = '', release = ''] = one.version.split('-')
  const list = (name: string, values: readonly string[]) => values.map((value) => [name, value] as const)
  return {
    fields: [
      ['NAME', one.name],
      ['VERSION', version],
      ['RELEASE', release],
      ['ARCH', 'noarch'],
      ['SUMMARY', 'a sample'],
      ['LICENSE', 'MIT'],
      ...list('REQUIRES', one.requires),
      ...list('PROVIDES', one.provides),
      ...list('CONFLICTS', one.conflicts),
      ...list('OBSOLETES', one.obsoletes),
      ...list('RECOMMENDS', one.recommends),
      ...list('SUPPLEMENTS', one.supplements),
    ],
    control: new Map(),
    payload: one.files.map((path) => {
      const owned = { uid: 0, gid: 0, mtime: 1_700_000_000 }
      return { path: path.slice(1), type: 'file', mode: 0o755, ...owned, size: 1, bytes: Buffer.from('x') }
    }),
    epoch: 1_700_000_000,
    compression: 'none',
  }
}

/** What createrepo_c wrote, as candidates; files that primary.xml does not list are looked up in filelists.xml. */
export function candidatesOfRpms(directory: string, packages: readonly RandomPackage[]): Candidate[] {
  const part = (name: string) => gunzipSync(readFileSync(globSync(`${directory}/repodata/*-${name}.xml.gz`)[0] ?? ''))
  const records = formats.rpm.parseIndex(part('primary'))
  const wanted = new Set(packages.flatMap(({ files }) => files))
  const owners = formats.rpm.upstream.parseFileIndex?.(part('filelists'), wanted) ?? new Map<string, string[]>()
  return records.map((record): Candidate => {
    const files = [...owners].flatMap(([path, digests]) => (digests.includes(record.sha256) ? [path] : []))
    return { record: { ...record, files }, from: 'random', priority: 500 }
  })
}

/** What dnf answers to each request: packages as `name version`, sorted; null where it refuses. */
export async function dnfAnswers(
  where: { readonly repository: string; readonly scratch: string },
  requests: readonly RandomRequest[],
): Promise<(string[] | null)[]> {
  const asked = requests.map(({ install, recommends = false, exclude = [] }) => ({
    // dnf writes a version with a hyphen.
    install: install.map((text) => text.replace('=', '-')),
    recommends,
    exclude,
  }))
  const { stdout } = await run([PYTHON, `${import.meta.dirname}/dnf-answers.py`], {
    input: JSON.stringify({ ...where, requests: asked }),
  })
  return parseAnswers(stdout.toString())
}

function parseAnswers(text: string): (string[] | null)[] {
  const answers: unknown = JSON.parse(text)
  if (!Array.isArray(answers)) throw new Error('dnf gave no answers')
  return answers.map((answer: unknown) => (Array.isArray(answer) ? answer.map(String) : null))
}
