import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { formats } from '@holotype/formats'
import type { Catalogue } from '../types.ts'

/** The indexes that this machine's apt has, and apt itself as the judge. */

const LISTS = '/var/lib/apt/lists'
const HELPER = '/usr/lib/apt/apt-helper'
const APT_MILLISECONDS = 240_000

export const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

const indexes = existsSync(LISTS)
  ? readdirSync(LISTS).filter((file) => /_dists_\w+(-updates|-security)?_main_binary-\w+_Packages(\.\w+)?$/.test(file))
  : []

/** Why there is nothing to compare with; '' if there is. */
export const missing = !existsSync(HELPER)
  ? 'this machine has no apt'
  : indexes.length === 0
    ? 'apt has no indexes here'
    : ''

/** Each index as apt has it, unpacked. */
export function indexFiles(): { readonly file: string; readonly bytes: Buffer }[] {
  return indexes.map((file) => ({
    file,
    bytes: execFileSync(HELPER, ['cat-file', `${LISTS}/${file}`], { maxBuffer: 512 * 1024 * 1024 }),
  }))
}

export function cataloguesOf(files: ReturnType<typeof indexFiles>): Catalogue[] {
  const { openIndex } = formats.deb
  if (!openIndex) throw new Error('deb reads no index as it is asked')
  return files.map(({ file, bytes }) => ({ index: openIndex(bytes), from: file, priority: 500 }))
}

/** What apt would install, as `name version`; undefined if it refuses. */
export type AptAnswer = Promise<Set<string> | undefined>

/** What is asked of apt: a package to exclude is written `name-`. */
export interface AptQuestion {
  readonly names: readonly string[]
  readonly recommends: boolean
}

/**
 * Asks apt what it would install into an empty root, a question on each processor, in their order. `scratch` is a directory for its indexes, unpacked, and
 * for its cache: the first question makes it, which takes longer than to answer. `signal` ends what still runs.
 */
export function askApt(
  scratch: string,
  files: ReturnType<typeof indexFiles>,
  questions: readonly AptQuestion[],
  signal: AbortSignal,
): AptAnswer[] {
  const settings = aptSettings(scratch, files)
  const answers: AptAnswer[] = []
  for (const [at, question] of questions.entries()) {
    // The second one waits for the cache too.
    const before = at < availableParallelism() ? answers[0] : answers[at - availableParallelism()]
    const answer = (async () => {
      await before?.catch(() => {})
      return aptInstalls(settings, question, signal)
    })()
    // Whoever asked for it hears of it later.
    answer.catch(() => {})
    answers.push(answer)
  }
  return answers
}

function aptSettings(scratch: string, files: ReturnType<typeof indexFiles>): readonly string[] {
  const lists = `${scratch}/lists`
  const status = `${scratch}/status`
  mkdirSync(`${lists}/partial`, { recursive: true })
  writeFileSync(status, '')
  for (const { file, bytes } of files) writeFileSync(`${lists}/${file.replace(/(?<=_Packages)\.\w+$/, '')}`, bytes)
  for (const file of readdirSync(LISTS))
    if (/_(?:In)?Release(?:\.gpg)?$/.test(file)) cpSync(`${LISTS}/${file}`, `${lists}/${file}`)
  return [
    `Dir::State::status=${status}`,
    `Dir::State::extended_states=${scratch}/extended_states`,
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${scratch}`,
    // A container's apt is often told to keep none.
    'Dir::Cache::pkgcache=pkgcache.bin',
    'Dir::Cache::srcpkgcache=srcpkgcache.bin',
    'Debug::NoLocking=1',
  ]
}

async function aptInstalls(
  settings: readonly string[],
  { names, recommends }: AptQuestion,
  signal: AbortSignal,
): AptAnswer {
  const argv = [
    '-s',
    'install',
    ...settings.flatMap((setting) => ['-o', setting]),
    `--${recommends ? '' : 'no-'}install-recommends`,
  ]
  try {
    const { stdout } = await promisify(execFile)('apt-get', [...argv, ...names], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
      timeout: APT_MILLISECONDS,
      signal,
    })
    return new Set([...stdout.matchAll(/^Inst (\S+) \((\S+)/gm)].map(([, name, version]) => `${name} ${version}`))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 100) return undefined
    throw error
  }
}
