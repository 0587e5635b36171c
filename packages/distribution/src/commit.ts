import { HolotypeError, run, SYSTEM_PATH } from '@holotype/base'
import { fail } from './errors.ts'
import { COMMITS_READ } from './limits.ts'

/** The state of the distribution's git repository that a decision is taken from. */
export interface Commit {
  /** 40 (SHA-1) or 64 (SHA-256) hex digits. */
  readonly commit: string
  /** True if a tracked file differs from the commit or an untracked, not ignored file is there. */
  readonly dirty: boolean
}

/** Nothing of the caller's git configuration may change what is read: no hooks, no fsmonitor, no optional locks. */
const GIT_ENV = {
  PATH: SYSTEM_PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
} as const

/**
 * The commit at HEAD, and whether the directory differs from it.
 * @throws DISTRIBUTION_NOT_GIT, PROCESS_NOT_FOUND
 */
export async function commitOf(directory: string): Promise<Commit> {
  try {
    const head = await git(directory, ['rev-parse', '--verify', 'HEAD^{commit}'])
    const changes = await git(directory, ['status', '--porcelain', '--untracked-files=normal', '--', '.'])
    return { commit: head.trim(), dirty: changes !== '' }
  } catch (error) {
    if (!(error instanceof HolotypeError) || error.code !== 'PROCESS_FAILED') throw error
    throw fail('DISTRIBUTION_NOT_GIT', { what: `${directory} is not in a git repository with a commit`, cause: error })
  }
}

/**
 * The addresses of those who wrote what is between two commits, in either direction: who takes a change back made that. Of all up to `to` where `from` is not
 * known or no commit of this repository any more; the newest `COMMITS_READ`; each once. None outside git.
 * @throws PROCESS_NOT_FOUND
 */
export async function authorsBetween(
  directory: string,
  { from, to }: { readonly from: string | undefined; readonly to: string },
): Promise<readonly string[]> {
  const range = from === undefined ? to : `${from}...${to}`
  try {
    const lines = await git(directory, ['log', `--max-count=${COMMITS_READ}`, '--format=%ae', range, '--', '.'])
    return [...new Set(lines.split('\n').filter((line) => line !== ''))]
  } catch (error) {
    if (!(error instanceof HolotypeError) || error.code !== 'PROCESS_FAILED') throw error
    return from === undefined ? [] : await authorsBetween(directory, { from: undefined, to })
  }
}

/**
 * The SHA-256 digests, 64 hex digits each, that stand in locks and `holotype.yaml` of the working tree and of every branch and tag. None outside git.
 * @throws PROCESS_NOT_FOUND, PROCESS_FAILED
 */
export async function lockedDigests(directory: string): Promise<ReadonlySet<string>> {
  try {
    await git(directory, ['rev-parse', '--git-dir'])
  } catch (error) {
    if (!(error instanceof HolotypeError) || error.code !== 'PROCESS_FAILED') throw error
    return new Set()
  }
  const found = new Set<string>()
  const refs = await git(directory, [
    'for-each-ref',
    '--format=%(objectname)',
    'refs/heads',
    'refs/remotes',
    'refs/tags',
  ])
  const commits = [...new Set(refs.split('\n').filter((ref) => ref !== ''))]
  // As many at a time as a command line takes.
  const groups = Array.from({ length: Math.ceil(commits.length / 1000) }, (_, at) =>
    commits.slice(at * 1000, (at + 1) * 1000),
  )
  for (const where of [['--untracked'], ...groups]) {
    const grep = ['grep', '-h', '-o', '-E', '-e', '[0-9a-f]{64}', ...where, '--', '*.lock', '*holotype.yaml']
    // 1: there is none.
    const text = await git(directory, grep, [0, 1])
    for (const line of text.split('\n')) if (line !== '') found.add(line)
  }
  return found
}

async function git(directory: string, args: readonly string[], okCodes: readonly number[] = [0]): Promise<string> {
  // safe.directory: a distribution that another user owns (a checkout in a container) is only read here, and no hook of it runs.
  const argv = ['git', '-c', `safe.directory=*`, '-c', 'core.fsmonitor=false', ...args] as const
  return (await run(argv, { cwd: directory, env: GIT_ENV, okCodes })).stdout.toString()
}
